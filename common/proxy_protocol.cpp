#include "common/proxy_protocol.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/ip_address.hpp"

namespace weir {

namespace {

using Status = ProxyHeaderParse::Status;
using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::size_t kV1Longest = 107;
constexpr std::string_view kV2Signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kV2Fixed = 16;
constexpr std::size_t kUnixPath = 108;

constexpr unsigned char kTlvCrc32c = 0x03;
constexpr unsigned char kTlvNoop = 0x04;
constexpr std::size_t kTlvHead = 3;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ProxyHeaderParse invalid(std::string_view problem) { return {Status::invalid, 0, problem, {}}; }

/// Whether the text is a prefix of `whole`, or the other way round.
bool agrees(std::string_view text, std::string_view whole) {
  const std::size_t common = std::min(text.size(), whole.size());
  return text.substr(0, common) == whole.substr(0, common);
}

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

std::size_t number16(std::string_view text, std::size_t at) { return byte_at(text, at) << 8 | byte_at(text, at + 1); }

Endpoint inet_endpoint(int family, const char* address, std::uint16_t port) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
    v4.sin_port = htons(port);
    return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
  v6.sin6_port = htons(port);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

/// A path of sockaddr_un, ended by a zero unless it fills its place; a zero first is an abstract name.
Endpoint unix_endpoint(std::string_view path) {
  if (path[0] == '\0') {
    const std::size_t end = path.find_last_not_of('\0');
    return end == std::string_view::npos ? Endpoint::unix_path("") : Endpoint::unix_abstract(path.substr(1, end));
  }
  return Endpoint::unix_path(path.substr(0, std::min(path.find('\0'), kUnixPath - 1)));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || text.size() > 5 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Endpoint> parse_inet(int family, std::string_view address, std::string_view port) {
  std::array<char, sizeof(in6_addr)> binary;
  const std::optional<std::uint16_t> number = parse_port(port);
  if (address.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton() would read to it only
  if (!number || ::inet_pton(family, std::string(address).c_str(), binary.data()) != 1) return std::nullopt;
  return inet_endpoint(family, binary.data(), *number);
}

/// The next word, ended by exactly one blank.
std::string_view take_word(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
  return word;
}

ProxyHeaderParse parse_v1(std::string_view text) {
  const std::size_t end = text.substr(0, kV1Longest).find("\r\n");
  if (end == std::string_view::npos) {
    if (text.size() >= kV1Longest) return invalid("the line of version 1 is longer than 107 bytes");
    return {};
  }
  ProxyHeaderParse parse{Status::complete, end + 2, {}, {}};
  std::string_view line = text.substr(kV1Begin.size(), end - kV1Begin.size());
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return parse;
  const int family = protocol == "TCP4" ? AF_INET : protocol == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC) return invalid("its protocol is neither TCP4 nor TCP6 nor UNKNOWN");
  const std::string_view source = take_word(line);
  const std::string_view destination = take_word(line);
  const std::string_view source_port = take_word(line);
  const auto from = parse_inet(family, source, source_port);
  const auto to = parse_inet(family, destination, line);
  if (!from || !to) return invalid("an address or a port of version 1 is wrong");
  parse.header.source = *from;
  parse.header.destination = *to;
  return parse;
}

/// Copies the TLVs, except the checksum, which it checks over the whole header, and padding.
bool take_tlvs(std::string_view whole, std::size_t at, ProxyHeaderParse& parse) {
  while (at < whole.size()) {
    if (whole.size() - at < kTlvHead) return false;
    const std::size_t size = number16(whole, at + 1);
    if (whole.size() - at - kTlvHead < size) return false;
    const unsigned type = byte_at(whole, at);
    if (type == kTlvCrc32c) {
      if (size != 4 || parse.header.has_crc32c) return false;
      const std::size_t value = at + kTlvHead;
      Crc32c crc;
      crc.process_bytes(whole.data(), value);
      crc.process_bytes("\0\0\0\0", 4);
      crc.process_bytes(whole.data() + value + 4, whole.size() - value - 4);
      const auto given = static_cast<std::uint32_t>(number16(whole, value) << 16 | number16(whole, value + 2));
      if (crc.checksum() != given) return false;
      parse.header.has_crc32c = true;
    } else if (type != kTlvNoop) {
      parse.header.tlvs += whole.substr(at, kTlvHead + size);
    }
    at += kTlvHead + size;
  }
  return true;
}

ProxyHeaderParse parse_v2(std::string_view text) {
  if (text.size() > 12 && byte_at(text, 12) >> 4 != 2) return invalid("it is of another version than 1 and 2");
  if (text.size() > 12 && (byte_at(text, 12) & 0xf) > 1) return invalid("its command is neither LOCAL nor PROXY");
  if (text.size() < kV2Fixed) return {};
  const std::size_t size = kV2Fixed + number16(text, 14);
  if (size > kLongestProxyHeader) return invalid("it is longer than 16 KiB");
  if (text.size() < size) return {};
  const std::string_view whole = text.substr(0, size);
  ProxyHeaderParse parse{Status::complete, size, {}, {}};
  if ((byte_at(text, 12) & 0xf) == 0) return parse;  // LOCAL: what it holds is to be ignored, whatever it is
  const unsigned family = byte_at(text, 13) >> 4;
  const unsigned transport = byte_at(text, 13) & 0xf;
  if (family > 3 || transport > 2) return invalid("its address family or transport is unknown");
  const std::size_t addresses = family == 1 ? 12 : family == 2 ? 36 : family == 3 ? 2 * kUnixPath : 0;
  if (size < kV2Fixed + addresses) return invalid("it is too short for its addresses");
  if (family != 0 && !take_tlvs(whole, kV2Fixed + addresses, parse)) return invalid("a TLV or the checksum is wrong");
  if (transport != 1 || family == 0) return parse;
  const char* at = whole.data() + kV2Fixed;
  if (family == 3) {
    parse.header.source = unix_endpoint({at, kUnixPath});
    parse.header.destination = unix_endpoint({at + kUnixPath, kUnixPath});
    return parse;
  }
  const std::size_t width = family == 1 ? 4 : 16;
  const auto port = [&](std::size_t index) {
    return static_cast<std::uint16_t>(number16(whole, kV2Fixed + 2 * width + 2 * index));
  };
  const int own = family == 1 ? AF_INET : AF_INET6;
  parse.header.source = inet_endpoint(own, at, port(0));
  parse.header.destination = inet_endpoint(own, at + width, port(1));
  return parse;
}

/// The family that both can be written in, and their addresses in it.
struct Pair {
  bool v4;
  IpAddress source;
  IpAddress destination;
};

std::optional<Pair> as_inet(const ProxyHeader& header) {
  const auto source = IpAddress::of(header.source.data());
  if (!header.is_known() || !source) return std::nullopt;
  const bool whither = header.destination.size() != 0;
  if (whither && !header.destination.is_inet()) return std::nullopt;
  const IpAddress none = source->is_v4() ? IpAddress::v4(0) : IpAddress();
  const IpAddress destination = whither ? IpAddress::of(header.destination.data()).value_or(none) : none;
  return Pair{source->is_v4() && destination.is_v4(), *source, destination};
}

void put_number(std::string& bytes, std::uint64_t number, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
}

void put_address(std::string& bytes, const IpAddress& address, bool v4) {
  if (!v4) put_number(bytes, address.high, 8);
  put_number(bytes, v4 ? address.low & 0xffff'ffff : address.low, v4 ? 4 : 8);
}

std::string text_of(const IpAddress& address, bool v4) {
  std::string binary;
  put_address(binary, address, v4);
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(v4 ? AF_INET : AF_INET6, binary.data(), text, sizeof text);
}

void put_unix(std::string& bytes, const Endpoint& endpoint) {
  constexpr std::size_t kBefore = offsetof(sockaddr_un, sun_path);
  std::string path;
  if (endpoint.size() > kBefore) {
    path.assign(reinterpret_cast<const char*>(endpoint.data()) + kBefore, endpoint.size() - kBefore);
  }
  path.resize(kUnixPath, '\0');
  bytes += path;
}

std::string make_v1(const ProxyHeader& header) {
  const std::optional<Pair> pair = as_inet(header);
  if (!pair) return "PROXY UNKNOWN\r\n";
  return std::string("PROXY ") + (pair->v4 ? "TCP4 " : "TCP6 ") + text_of(pair->source, pair->v4) + " " +
         text_of(pair->destination, pair->v4) + " " + std::to_string(header.source.port()) + " " +
         std::to_string(header.destination.port()) + "\r\n";
}

std::string make_v2(const ProxyHeader& header) {
  std::string body;
  unsigned protocol = 0;
  if (const std::optional<Pair> pair = as_inet(header)) {
    protocol = pair->v4 ? 0x11 : 0x21;
    put_address(body, pair->source, pair->v4);
    put_address(body, pair->destination, pair->v4);
    put_number(body, header.source.port(), 2);
    put_number(body, header.destination.port(), 2);
  } else if (header.is_known() && header.source.is_unix() && header.destination.is_unix()) {
    protocol = 0x31;
    put_unix(body, header.source);
    put_unix(body, header.destination);
  }
  if (protocol != 0) {
    body += header.tlvs;
    if (header.has_crc32c) body += std::string("\x03\0\4\0\0\0\0", 7);
  }
  std::string bytes(kV2Signature);
  put_number(bytes, protocol == 0 ? 0x20 : 0x21, 1);
  put_number(bytes, protocol, 1);
  put_number(bytes, body.size(), 2);
  bytes += body;
  if (protocol != 0 && header.has_crc32c) {
    Crc32c crc;
    crc.process_bytes(bytes.data(), bytes.size());
    bytes.resize(bytes.size() - 4);
    put_number(bytes, crc.checksum(), 4);
  }
  return bytes;
}

}  // namespace

ProxyHeaderParse parse_proxy_header(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (agrees(text, kV2Signature)) return text.size() < kV2Signature.size() ? ProxyHeaderParse{} : parse_v2(text);
  if (agrees(text, kV1Begin)) return text.size() < kV1Begin.size() ? ProxyHeaderParse{} : parse_v1(text);
  return invalid("it does not begin as one");
}

std::string make_proxy_header(ProxyVersion version, const ProxyHeader& header) {
  if (version == ProxyVersion::none) return "";
  return version == ProxyVersion::v1 ? make_v1(header) : make_v2(header);
}

}  // namespace weir
