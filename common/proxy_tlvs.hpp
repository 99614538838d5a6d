#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/tls/options.hpp"

/// What version 2 of the PROXY protocol can say beside the addresses: type-length-values, of which some are about the
/// client's TLS (https://www.haproxy.org/download/3.3/doc/proxy-protocol.txt, section 2.2).
namespace weir {

struct ProxyTlv {
  std::uint8_t type = 0;
  std::string_view value;  ///< of the text that it was read from

  static constexpr std::uint8_t kAlpn = 0x01;
  static constexpr std::uint8_t kAuthority = 0x02;
  static constexpr std::uint8_t kSsl = 0x20;
};

/// Those of a header, in their order; of a text that is none, as far as it is.
std::vector<ProxyTlv> split_tlvs(std::string_view tlvs);

/// What is known of a client's TLS. What is empty is not said.
struct ProxiedTls {
  std::string authority;  ///< the name that the client asked for
  std::string alpn;       ///< the protocol that was agreed on

  bool terminated = false;           ///< its TLS ends here; all that follows is nothing where it is passed through
  bool shown_on_connection = false;  ///< it showed a certificate in this handshake …
  bool shown_in_session = false;     ///< … or in the one whose session it goes on with
  std::uint32_t verify = 1;          ///< 0: its certificate is trusted
  std::string version;               ///< `TLSv1.3`
  std::string common_name;           ///< of its certificate
  std::string cipher;
  std::string signature_algorithm;  ///< of the certificate that it was shown: `RSA-SHA256`
  std::string key_algorithm;        ///< likewise: `RSA2048`, `EC256`
  std::string group;                ///< of the key exchange: `X25519`
  std::string certificate;          ///< of the client, DER

  bool operator==(const ProxiedTls&) const = default;
};

/// So many bytes of type-length-values are sent at most, unless more were received: with them a header has at most 4096
/// bytes, of which nginx would refuse more.
inline constexpr std::size_t kMostSentTlvs = 4096 - 16 - 216 - 7;

/// The type-length-values of a header for a backend: the `received` ones, and what is `wanted` of the client's TLS. A
/// header that was received speaks of the same client as its addresses do, so nothing in it is replaced. What does not
/// fit is left out, a certificate first.
std::string add_tls_tlvs(std::string received, const ProxiedTls& client, std::span<const tls::Tlv> wanted);

/// What the type-length-values of a header say of TLS; nothing if they are malformed.
std::optional<ProxiedTls> read_tls_tlvs(std::string_view tlvs);

}  // namespace weir
