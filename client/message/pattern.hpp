#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::load {

/// The bytes that payloads are cut from: one table a process, of all byte values, endless because it repeats. A payload
/// costs nothing to generate, and to check it is a memcmp.
class Pattern {
 public:
  /// How long it is before it repeats: a prime, so that no chunk of a round size can be lost unnoticed.
  static constexpr std::size_t kPeriod = 1'048'573;
  /// Payloads begin in this first part only, which stays in the cache while messages are small.
  static constexpr std::size_t kStarts = 16'381;

  /// Up to `wanted` bytes from `position` on, in one piece: at least 64 KiB when so many are wanted.
  static std::span<const std::byte> slice(std::uint64_t position, std::uint64_t wanted);
  /// The same as a service that upper-cases gives it back.
  static std::span<const std::byte> upper_slice(std::uint64_t position, std::uint64_t wanted);
};

/// ASCII letters only, as the daemon's `transform: upper` does it.
constexpr std::byte to_upper(std::byte byte) {
  return byte >= std::byte{'a'} && byte <= std::byte{'z'} ? byte ^ std::byte{0x20} : byte;
}

}  // namespace weir::load
