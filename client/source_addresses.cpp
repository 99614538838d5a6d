#include "client/source_addresses.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string>

#include "common/printable.hpp"

namespace weir::load {

namespace {

[[noreturn]] void refuse(std::string_view part) {
  throw std::invalid_argument(in_quotes(part) +
                              " is neither an address nor a CIDR; write 10.0.0.1,10.0.0.2 or 127.0.0.0/24");
}

}  // namespace

SourceAddresses SourceAddresses::parse(std::string_view text) {
  SourceAddresses sources;
  sources.text_ = text;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(more ? comma + 1 : text.size());
    const std::size_t slash = part.find('/');
    const std::string address(part.substr(0, slash));
    Range range{AF_INET, {}, 1};
    if (::inet_pton(AF_INET, address.c_str(), range.first.data()) != 1) {
      range.family = AF_INET6;
      if (::inet_pton(AF_INET6, address.c_str(), range.first.data()) != 1) refuse(part);
    }
    if (slash != std::string_view::npos) {
      const unsigned bits = range.family == AF_INET ? 32 : 128;
      unsigned prefix = 0;
      const std::string_view digits = part.substr(slash + 1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
      if (error != std::errc() || end != digits.data() + digits.size() || prefix > bits) refuse(part);
      for (unsigned bit = prefix; bit < bits; ++bit) {
        range.first[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
      }
      range.count = std::uint64_t{1} << std::min(bits - prefix, 31U);
      if (range.family == AF_INET && prefix < 31) {
        // Neither the network's own address nor its broadcast address.
        range.first[3] |= 1;
        range.count -= 2;
      }
    }
    if (!sources.ranges_.empty() && sources.family() != range.family) {
      throw std::invalid_argument("IPv4 and IPv6 sources cannot be mixed: a target has one family");
    }
    sources.total_ += range.count;
    sources.ranges_.push_back(range);
  }
  return sources;
}

Endpoint SourceAddresses::at(std::uint64_t index, std::uint16_t port) const {
  index %= total_;
  auto range = ranges_.begin();
  while (index >= range->count) index -= (range++)->count;
  std::array<std::uint8_t, 16> bytes = range->first;
  // An addition to a number in network order, from its last byte on.
  for (std::size_t at = range->family == AF_INET ? 4 : 16; index != 0 && at-- > 0;) {
    index += bytes[at];
    bytes[at] = static_cast<std::uint8_t>(index);
    index >>= 8;
  }
  if (range->family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    std::memcpy(&address.sin_addr, bytes.data(), 4);
    return Endpoint(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::memcpy(&address.sin6_addr, bytes.data(), 16);
  return Endpoint(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int SourceAddresses::bind(int fd, std::uint64_t index) const {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const Endpoint source = at(index);
  return ::bind(fd, source.data(), source.size()) == 0 ? 0 : errno;
}

}  // namespace weir::load
