#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace weir::fuzz {

/// Ends the program, which is how libFuzzer and replay.cpp learn of it, unless the property holds.
inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::fprintf(stderr, "\ndoes not hold: %.*s\n", static_cast<int>(property.size()), property.data());
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace weir::fuzz

/// What each target defines (https://llvm.org/docs/LibFuzzer.html); returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
