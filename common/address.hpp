#pragma once

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Of a path, which ends in a NUL, and of an abstract name, which begins with one (unix(7)).
inline constexpr std::size_t kLongestUnixName = sizeof(sockaddr_un::sun_path) - 1;

/// A BIND or TARGET as a person writes it, parsed but not yet resolved.
///
/// `HOST:PORT`, `[v6]:PORT`, `:PORT` (all addresses, both families), `unix:/path`, `unix:@abstract`, and as a BIND
/// `fd:NAME`, a socket that the service manager hands over. Where a range is allowed PORT may be `FIRST-LAST`.
struct Address {
  enum class Kind { inet, unix_path, unix_abstract, descriptor };

  Kind kind = Kind::inet;
  /// inet: name or literal, empty for all addresses; unix: the path or abstract name; descriptor: its name.
  std::string host;
  std::uint16_t port = 0;        ///< inet only; the first of a range
  bool bracketed = false;        ///< the host stood in brackets: an IPv6 literal, so `[::]` is IPv6 alone
  std::uint16_t port_count = 1;  ///< more than one: a range that begins at `port`

  bool is_range() const { return port_count > 1; }
  std::uint16_t last_port() const { return static_cast<std::uint16_t>(port + port_count - 1); }
  bool is_inet() const { return kind == Kind::inet; }
  bool is_unix() const { return kind == Kind::unix_path || kind == Kind::unix_abstract; }
  bool is_descriptor() const { return kind == Kind::descriptor; }

  /// The text form that parse_address() reads back.
  std::string to_string() const;
  /// One port of the range.
  Address at(std::uint16_t offset) const;

  bool operator==(const Address&) const = default;
};

/// Whether an address is listened on or connected to: port 0, `:PORT` and the like mean something to a listener only.
enum class AddressUse { bind, target };
enum class Ports { one, range };

/// Parses an address. Throws std::invalid_argument whose text says what is wrong and what would be right.
Address parse_address(std::string_view text, AddressUse use, Ports ports = Ports::one);

/// Whether the text is an IPv4 address without a port.
bool is_ipv4_address(std::string_view text);

/// Whether the text is an IP address without a port: `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`.
bool is_ip_address(std::string_view text);

}  // namespace weir
