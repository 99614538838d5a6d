#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

namespace weir::test {

/// Bytes of every value in an order that depends only on the seed, so that a loss, a swap and a repeat all show.
inline std::string random_bytes(std::size_t size, std::uint64_t seed = 1) {
  std::mt19937_64 generator(seed);
  std::string bytes(size, '\0');
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = generator();
    std::memcpy(bytes.data() + at, &word, sizeof(word));
  }
  for (; at < size; ++at) bytes[at] = static_cast<char>(generator());
  return bytes;
}

/// Compares without printing megabytes: empty if equal, else where and how the two differ.
inline std::string difference(const std::string& got, const std::string& wanted) {
  if (got == wanted) return {};
  std::size_t at = 0;
  while (at < got.size() && at < wanted.size() && got[at] == wanted[at]) ++at;
  return "got " + std::to_string(got.size()) + " bytes, wanted " + std::to_string(wanted.size()) +
         ", first difference at " + std::to_string(at);
}

}  // namespace weir::test
