#include "client/message/pattern.hpp"

#include <algorithm>
#include <vector>

#include "common/stable_hash.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kRepeated = 64 * 1024;

std::vector<std::byte> make_table(bool upper) {
  std::vector<std::byte> table(Pattern::kPeriod + kRepeated);
  for (std::size_t i = 0; i < Pattern::kPeriod; ++i) {
    const auto byte = static_cast<std::byte>(mix(i) & 0xff);
    table[i] = upper ? to_upper(byte) : byte;
  }
  std::copy_n(table.begin(), kRepeated, table.begin() + Pattern::kPeriod);
  return table;
}

std::span<const std::byte> slice_of(const std::vector<std::byte>& table, std::uint64_t position, std::uint64_t wanted) {
  const auto start = static_cast<std::size_t>(position < Pattern::kPeriod ? position : position % Pattern::kPeriod);
  return std::span(table).subspan(start,
                                  static_cast<std::size_t>(std::min<std::uint64_t>(wanted, table.size() - start)));
}

}  // namespace

std::span<const std::byte> Pattern::slice(std::uint64_t position, std::uint64_t wanted) {
  static const std::vector<std::byte> table = make_table(false);
  return slice_of(table, position, wanted);
}

std::span<const std::byte> Pattern::upper_slice(std::uint64_t position, std::uint64_t wanted) {
  static const std::vector<std::byte> table = make_table(true);
  return slice_of(table, position, wanted);
}

}  // namespace weir::load
