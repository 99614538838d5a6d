#include "client/message/header.hpp"

#include <bit>
#include <cstring>

namespace weir::load {

namespace {

/// Four digits at once: six bits each of the lowest 24, most significant first.
std::byte* put_four(std::byte* to, std::uint64_t value) {
  const auto bits = static_cast<std::uint32_t>(value);
  std::uint32_t digits = (bits & 0xfc0000) << 6 | (bits & 0x03f000) << 4 | (bits & 0x000fc0) << 2 | (bits & 0x00003f);
  digits += 0x20202020;
  if constexpr (std::endian::native == std::endian::little) digits = __builtin_bswap32(digits);
  std::memcpy(to, &digits, sizeof digits);
  return to + sizeof digits;
}

std::byte* put_eight(std::byte* to, std::uint64_t value) { return put_four(put_four(to, value >> 24), value); }

bool take(std::span<const std::byte>& from, std::uint64_t& value, std::size_t digits) {
  value = 0;
  for (const std::byte byte : from.first(digits)) {
    const auto digit = std::to_integer<unsigned>(byte) - 0x20U;
    if (digit > 0x3f) return false;
    value = (value << 6) | digit;
  }
  from = from.subspan(digits);
  return true;
}

}  // namespace

void Header::encode(std::span<std::byte, kSize> into) const {
  std::byte* to = into.data();
  *to++ = std::byte{'W'};
  *to++ = std::byte{'L'};
  to = put_four(to, run);
  to = put_four(to, connection);
  to = put_eight(to, sequence);
  to = put_eight(to, sent_ns);
  to = put_four(to, length >> 12);
  // The last two digits of six.
  *to++ = static_cast<std::byte>(0x20 + (length >> 6 & 0x3f));
  *to = static_cast<std::byte>(0x20 + (length & 0x3f));
}

std::optional<Header> Header::decode(std::span<const std::byte> bytes) {
  if (bytes.size() < kSize || bytes[0] != std::byte{'W'} || bytes[1] != std::byte{'L'}) return std::nullopt;
  bytes = bytes.subspan(2);
  Header header;
  std::uint64_t run = 0;
  std::uint64_t connection = 0;
  if (!take(bytes, run, 4) || !take(bytes, connection, 4) || !take(bytes, header.sequence, 8) ||
      !take(bytes, header.sent_ns, 8) || !take(bytes, header.length, 6)) {
    return std::nullopt;
  }
  header.run = static_cast<std::uint32_t>(run);
  header.connection = static_cast<std::uint32_t>(connection);
  return header;
}

}  // namespace weir::load
