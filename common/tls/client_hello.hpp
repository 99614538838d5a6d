#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// TLS as its peers see it, and what tells it from other protocols before it begins.
namespace weir::tls {

/// What a client says about itself and about whom it wants, in the open, before anything is encrypted. Where the client
/// hides its name (Encrypted Client Hello), this is the outer hello: no other can be read without the key.
struct ClientHello {
  /// The host name that it asks for (SNI, RFC 6066, section 3): lower case, without the dot at its end, at most 255
  /// bytes of printable ASCII without blanks and without an empty label. Empty where it names none, or an IP address:
  /// those are not permitted there, yet some clients send them when they are given an address instead of a name, and
  /// are served by what serves those who name nobody.
  std::string server_name;
  /// The protocols that it offers (ALPN, RFC 7301), those that it likes best first. Any bytes can stand in them.
  std::vector<std::string> alpn;
  bool offers_tls13 = false;  ///< in supported_versions (RFC 8446, 4.2.1)

  bool operator==(const ClientHello&) const = default;
};

struct ClientHelloParse {
  enum class Status {
    incomplete,
    complete,
    not_tls,   ///< something else than a ClientHello, told by its first bytes; an SSLv2-compatible hello is one too
    too_long,  ///< beyond our bounds; only what begins as a ClientHello can be
    invalid,   ///< it begins as a ClientHello and is none
  };

  Status status = Status::incomplete;
  std::size_t size = 0;      ///< complete: bytes of the records that hold it; it ends with the last of them
  std::size_t at_least = 0;  ///< incomplete: fewer bytes than these, which are more than there are, cannot be all of it
  std::string_view problem;  ///< not_tls, too_long, invalid: what is wrong
  ClientHello hello;         ///< complete; otherwise it is empty
};

/// A hello longer than this is refused, its own header of four bytes included. BoringSSL has the same bound; those with
/// post-quantum key shares have some 1,800 bytes.
inline constexpr std::size_t kLongestClientHello = 16 * 1024;

/// The most bytes of a connection's begin that are looked at, so that a caller needs no more room. A hello may be cut
/// into records of any sizes as long as their headers, of five bytes each, fit in: the longest into 3,276, one of 5,461
/// bytes into one for each byte. Nobody but a test, or somebody who wants our time, sends such records.
inline constexpr std::size_t kLongestHelloBytes = 2 * kLongestClientHello;

/// A client that offers more protocols is refused, because each takes memory out of proportion to its bytes.
inline constexpr std::size_t kMostProtocols = 64;

/// Parses the begin of a connection: the first handshake message, over as many records as it comes in (RFC 8446, 4.1.2
/// and 5.1; RFC 5246, 7.4.1.2). `incomplete` only as long as more bytes could make it a ClientHello, so never with
/// kLongestHelloBytes or more. It is judged as it is built, and what is returned of it; values that only matter to who
/// answers it, such as its ciphers, are theirs to judge.
ClientHelloParse parse_client_hello(std::span<const std::byte> bytes);

}  // namespace weir::tls
