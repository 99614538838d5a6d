#include "common/proxy_tlvs.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir {

namespace {

constexpr std::size_t kTlvStart = 3;  ///< type and length
constexpr std::size_t kLongestValue = 0xffff;

/// The first bytes of the value of ProxyTlv::kSsl: flags, and the result of the verification.
constexpr std::size_t kSslFixed = 5;
constexpr unsigned kClientSsl = 1;
constexpr unsigned kClientCertOnConnection = 2;
constexpr unsigned kClientCertInSession = 4;

/// What stands inside ProxyTlv::kSsl.
struct SubTlv {
  std::uint8_t type;
  std::string ProxiedTls::* field;
};
constexpr std::array kSubTlvs{
    SubTlv{0x21, &ProxiedTls::version},       SubTlv{0x22, &ProxiedTls::common_name},
    SubTlv{0x23, &ProxiedTls::cipher},        SubTlv{0x24, &ProxiedTls::signature_algorithm},
    SubTlv{0x25, &ProxiedTls::key_algorithm}, SubTlv{0x26, &ProxiedTls::group},
};
constexpr SubTlv kCertificate{0x28, &ProxiedTls::certificate};

unsigned byte_of(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

void put_tlv(std::string& bytes, std::uint8_t type, std::string_view value) {
  if (value.size() > kLongestValue) return;
  bytes += {static_cast<char>(type), static_cast<char>(value.size() >> 8), static_cast<char>(value.size() & 0xff)};
  bytes += value;
}

std::string ssl_value(const ProxiedTls& client, bool details, bool certificate) {
  const unsigned flags = kClientSsl | (client.shown_on_connection ? kClientCertOnConnection : 0) |
                         (client.shown_in_session ? kClientCertInSession : 0);
  std::string value(1, static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) value += static_cast<char>(client.verify >> shift & 0xff);
  const auto put = [&](const SubTlv& sub) {
    if (!(client.*sub.field).empty()) put_tlv(value, sub.type, client.*sub.field);
  };
  if (details) std::for_each(kSubTlvs.begin(), kSubTlvs.end(), put);
  if (certificate) put(kCertificate);
  return value;
}

/// Whether all of the text is type-length-values.
bool take_tlvs_of(std::string_view text, std::vector<ProxyTlv>& tlvs) {
  while (text.size() >= kTlvStart) {
    const std::size_t size = byte_of(text, 1) << 8 | byte_of(text, 2);
    if (text.size() - kTlvStart < size) return false;
    tlvs.push_back({static_cast<std::uint8_t>(byte_of(text, 0)), text.substr(kTlvStart, size)});
    text.remove_prefix(kTlvStart + size);
  }
  return text.empty();
}

bool read_ssl(std::string_view value, ProxiedTls& client) {
  if (value.size() < kSslFixed) return false;
  const unsigned flags = byte_of(value, 0);
  client.terminated = (flags & kClientSsl) != 0;
  client.shown_on_connection = (flags & kClientCertOnConnection) != 0;
  client.shown_in_session = (flags & kClientCertInSession) != 0;
  client.verify = 0;
  for (std::size_t at = 1; at < kSslFixed; ++at) client.verify = client.verify << 8 | byte_of(value, at);
  std::vector<ProxyTlv> subs;
  if (!take_tlvs_of(value.substr(kSslFixed), subs)) return false;
  for (const ProxyTlv& sub : subs) {
    for (const SubTlv& known : kSubTlvs) {
      if (known.type == sub.type) client.*known.field = sub.value;
    }
    if (sub.type == kCertificate.type) client.certificate = sub.value;
  }
  return true;
}

}  // namespace

std::vector<ProxyTlv> split_tlvs(std::string_view tlvs) {
  std::vector<ProxyTlv> found;
  take_tlvs_of(tlvs, found);
  return found;
}

std::string add_tls_tlvs(std::string received, const ProxiedTls& client, std::span<const tls::Tlv> wanted) {
  const auto wants = [&](tls::Tlv tlv) { return std::find(wanted.begin(), wanted.end(), tlv) != wanted.end(); };
  std::string tlvs = std::move(received);
  const std::vector<ProxyTlv> known = split_tlvs(tlvs);
  std::string ours;
  const auto add = [&](std::uint8_t type, std::string_view value) {
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const ProxyTlv& tlv) { return tlv.type == type; });
    if (is_known || tlvs.size() + ours.size() + kTlvStart + value.size() > kMostSentTlvs) return is_known;
    put_tlv(ours, type, value);
    return true;
  };
  if (wants(tls::Tlv::alpn) && !client.alpn.empty()) add(ProxyTlv::kAlpn, client.alpn);
  if (wants(tls::Tlv::authority) && !client.authority.empty()) add(ProxyTlv::kAuthority, client.authority);
  const bool details = wants(tls::Tlv::ssl);
  const bool certificate = wants(tls::Tlv::certificate);
  if (client.terminated && (details || certificate) && !add(ProxyTlv::kSsl, ssl_value(client, details, certificate))) {
    add(ProxyTlv::kSsl, ssl_value(client, details, false));
  }
  return tlvs + ours;
}

std::optional<ProxiedTls> read_tls_tlvs(std::string_view tlvs) {
  std::vector<ProxyTlv> found;
  if (!take_tlvs_of(tlvs, found)) return std::nullopt;
  ProxiedTls client;
  for (const ProxyTlv& tlv : found) {
    if (tlv.type == ProxyTlv::kAlpn) client.alpn = tlv.value;
    if (tlv.type == ProxyTlv::kAuthority) client.authority = tlv.value;
    if (tlv.type == ProxyTlv::kSsl && !read_ssl(tlv.value, client)) return std::nullopt;
  }
  return client;
}

}  // namespace weir
