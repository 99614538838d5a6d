#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weir::load {

/// What stands at the beginning of each message that is long enough for it.
///
///     "WL"  run (24 bit)  connection (24)  sequence (48)  send time (48, ns since the run began)  length (36)
///
/// Written as six bits a byte in uuencode's alphabet (0x20 to 0x5f, most significant first): it can be read in a packet
/// dump, and upper-casing leaves it as it is.
struct Header {
  static constexpr std::size_t kSize = 32;

  std::uint32_t run = 0;
  std::uint32_t connection = 0;
  std::uint64_t sequence = 0;
  std::uint64_t sent_ns = 0;
  std::uint64_t length = 0;

  void encode(std::span<std::byte, kSize> into) const;
  /// Nothing when the bytes are no header.
  static std::optional<Header> decode(std::span<const std::byte> bytes);

  bool operator==(const Header&) const = default;
};

}  // namespace weir::load
