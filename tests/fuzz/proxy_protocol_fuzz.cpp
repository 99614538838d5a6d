// The header of the PROXY protocol as it comes, whole and in pieces, and as it is passed on.

#include <arpa/inet.h>

#include <algorithm>
#include <span>
#include <string>

#include "common/ip_address.hpp"
#include "common/printable.hpp"
#include "common/proxy_protocol.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace weir::fuzz {
namespace {

using Status = ProxyHeaderParse::Status;

constexpr std::size_t kFirstOfAddresses = 16;  // of version 2

ProxyHeaderParse parse(std::string_view bytes) { return parse_proxy_header(std::as_bytes(std::span(bytes))); }

bool equal(const ProxyHeader& one, const ProxyHeader& other) {
  return one.source == other.source && one.destination == other.destination && one.tlvs == other.tlvs &&
         one.has_crc32c == other.has_crc32c;
}

/// What the begin of a whole may be taken for: the same as the whole, or for something that is yet to come.
void check_prefix(std::string_view prefix, const ProxyHeaderParse& whole) {
  const ProxyHeaderParse part = parse(prefix);
  if (whole.status == Status::complete) {
    const bool has_all = prefix.size() >= whole.size;
    require(part.status == (has_all ? Status::complete : Status::incomplete),
            "a header is complete with its last byte");
    if (has_all) require(part.size == whole.size && equal(part.header, whole.header), "what follows changes no header");
  }
  if (whole.status == Status::incomplete) require(part.status == Status::incomplete, "so is all that came before");
  if (whole.status == Status::invalid) require(part.status != Status::complete, "no more bytes spoil a header");
}

void check_prefixes(std::string_view input, const ProxyHeaderParse& whole) {
  constexpr std::size_t kAll = 300;  // addresses and the first TLVs
  bool invalid = false;
  for (std::size_t size = 0; size < std::min(input.size(), kAll); ++size) {
    check_prefix(input.substr(0, size), whole);
    const bool now = parse(input.substr(0, size)).status == Status::invalid;
    require(now || !invalid, "what is invalid stays so");
    invalid = now;
  }
  for (const std::size_t size : {input.size() / 2, input.size() - input.size() / 4, input.size(), whole.size}) {
    check_prefix(input.substr(0, size), whole);
    if (size > 0) check_prefix(input.substr(0, size - 1), whole);
  }
}

bool same_address(const Endpoint& one, const Endpoint& other) {
  return IpAddress::of(one.data()) == IpAddress::of(other.data()) && one.port() == other.port();
}

/// Headers as they are told to a server. Each is read back as itself, with nothing left over.
void check_written(const ProxyHeader& header) {
  for (const ProxyVersion version : {ProxyVersion::v1, ProxyVersion::v2}) {
    const std::string bytes = make_proxy_header(version, header);
    if (bytes.size() > kLongestProxyHeader) continue;
    const ProxyHeaderParse read = parse(bytes + "data");
    require(read.status == Status::complete && read.size == bytes.size(), "what is written is a header");
    require(make_proxy_header(version, read.header) == bytes, "what is read back is written in the same way");
    const bool inet = header.source.is_inet() && (header.destination.size() == 0 || header.destination.is_inet());
    const bool local = header.source.is_unix() && header.destination.is_unix();
    const bool told = header.is_known() && (inet || (local && version == ProxyVersion::v2));
    require(read.header.is_known() == told, "addresses are told where the version has them");
    if (!told) continue;
    if (inet) {
      require(same_address(read.header.source, header.source), "the source is read back");
      if (header.destination.size() != 0) {
        require(same_address(read.header.destination, header.destination), "the destination is read back");
      }
    } else {
      require(read.header.source == header.source && read.header.destination == header.destination,
              "unix addresses are read back");
    }
    if (version == ProxyVersion::v1) continue;
    require(read.header.tlvs == header.tlvs, "type-length-values are read back");
    require(read.header.has_crc32c == header.has_crc32c, "a checksum is passed on as one");
    if (!header.has_crc32c) continue;
    std::string spoiled = bytes;
    spoiled[kFirstOfAddresses] = static_cast<char>(spoiled[kFirstOfAddresses] ^ 1);
    require(parse(spoiled).status != Status::complete, "a checksum is checked");
  }
}

Endpoint v6_endpoint() {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  v6.sin6_port = htons(443);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  const std::string_view input = as_text(data, size);
  const weir::ProxyHeaderParse whole = parse(input);
  require(whole.status != Status::incomplete || size < weir::kLongestProxyHeader, "a header ends within its bound");
  require(whole.status != Status::complete || (whole.size > 0 && whole.size <= size), "a header is what came of it");
  require((whole.status == Status::invalid) == !whole.problem.empty(), "what is wrong is said");
  check_prefixes(input, whole);
  if (whole.status != Status::complete) return 0;
  require(
      !input.starts_with("PROXY") || !whole.header.is_known() || !weir::has_control(input.substr(0, whole.size - 2)),
      "a line that names addresses is text");
  weir::ProxyHeader header = whole.header;
  check_written(header);
  // As the daemon puts them together where no header came.
  for (const weir::Endpoint& destination : {weir::Endpoint(), v6_endpoint(), weir::Endpoint::unix_path("/run/x")}) {
    header.destination = destination;
    check_written(header);
  }
  return 0;
}
