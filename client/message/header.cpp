#include "client/message/header.hpp"

namespace weir::load {

namespace {

std::byte* put(std::byte* to, std::uint64_t value, int digits) {
  for (int shift = 6 * (digits - 1); shift >= 0; shift -= 6) {
    *to++ = static_cast<std::byte>(0x20 + ((value >> shift) & 0x3f));
  }
  return to;
}

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
  to = put(to, run, 4);
  to = put(to, connection, 4);
  to = put(to, sequence, 8);
  to = put(to, sent_ns, 8);
  put(to, length, 6);
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
