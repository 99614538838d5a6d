#include "server/config/tls_kinds.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include "common/address.hpp"
#include "common/printable.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/pem_files.hpp"
#include "common/tls/server_name.hpp"
#include "common/tls/ticket_keys.hpp"
#include "server/config/value_kinds.hpp"

namespace weir {
namespace {

/// Reports what is wrong with the file. The path is absolute then, whatever is.
void read_pem(const Value& value, std::string& path, Reading& reading, PemFile::Holds holds) {
  if (has_control(path)) return value.fail(in_quotes(path) + " holds a control character; write a file's path");
  path = reading.absolute(path, value.position());
  try {
    switch (holds) {
      case PemFile::Holds::certificates:
        tls::read_certificates(path);
        return;
      case PemFile::Holds::revocations:
        tls::read_revocations(path);
        return;
      case PemFile::Holds::key:
        return;  // check_key() reads it with its certificate
    }
  } catch (const std::runtime_error& error) {
    value.fail(error.what());
  }
}

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

std::string lower_cased(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

/// Of labels with dots between them, in lower case.
bool is_host_name(std::string_view name) {
  if (name.size() > kLongestName) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_server_name(std::string_view name) { return is_host_name(name.substr(name.starts_with("*.") ? 2 : 0)); }

/// Why no client asks for a name; empty where one may. In lower case.
std::string why_no_server_name(const std::string& name) {
  if (is_ip_address(name)) return "is an address, and clients ask for names alone; write a name, or [] for any";
  if (is_server_name(name)) return "";
  const std::string without_dot = name.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
  if (is_server_name(without_dot)) return "ends with a dot, which clients leave out; write " + without_dot;
  return "is not a name; write one such as db.example, or *.db.example, where the * stands for one label";
}

/// What both kinds of lists of texts say of an item that stands twice.
void add_once(const Value& item, std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) != list.end()) {
    return item.fail(in_quotes(text) + " is listed already; remove it");
  }
  list.push_back(std::move(text));
}

bool is_readable(const std::string& certificate) try {
  tls::read_certificates(certificate);
  return true;
} catch (const std::runtime_error&) {
  return false;
}

/// A key is that of its certificate, and one that is not written stands in the certificate's file.
void check_key(MapReader& map, const std::string& certificate, const std::string& key) {
  const std::optional<Value> certificate_value = map.find("certificate");
  const std::optional<Value> key_value = map.find("key");
  const bool is_text = !key_value || key_value->is(YamlNode::Kind::scalar);
  if (certificate.empty() || !certificate_value || !is_text || has_control(key) || !is_readable(certificate)) return;
  try {
    tls::read_identity(certificate, key);
  } catch (const std::runtime_error& error) {
    if (!key.empty() && key_value) return key_value->fail(error.what());
    map.map().problems().add(certificate_value->position(), join_path(map.map().path(), "key"),
                             std::string("is not given, and ") + error.what());
  }
}

}  // namespace

void PemFile::read(const Value& value, std::string& path, Reading& reading) const {
  const std::optional<std::string> text = value.text("the path of a PEM file");
  if (!text) return;
  path = *text;
  if (!path.empty()) return read_pem(value, path, reading, holds);
  if (needed) value.fail("is empty; write the path of a PEM file");
}

void PemFile::dump(TreeWriter& out, const std::string& path) const { dump_text(out, path); }

void Authorities::read(const Value& value, std::string& path, Reading& reading) const {
  const std::string right = std::string(kSystem) + ", or the path of a PEM file";
  const std::optional<std::string> text = value.text(right);
  if (!text) return;
  if (text->empty()) return value.fail("is empty; write " + right);
  path = *text;
  if (path != kSystem) read_pem(value, path, reading, PemFile::Holds::certificates);
}

void Authorities::dump(TreeWriter& out, const std::string& path) const { dump_text(out, path); }

void TicketKeyFile::read(const Value& value, std::string& path, Reading& reading) const {
  if (const auto text = value.text("the path of a file")) path = *text;
  if (path.empty()) return;
  if (has_control(path)) return value.fail(in_quotes(path) + " holds a control character; write a file's path");
  path = reading.absolute(path, value.position());
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    return value.fail(in_quotes(path) + " is open to everybody; run: chmod o= " + path);
  }
  try {
    const tls::TicketKeys keys({.file = path}, {});
  } catch (const std::runtime_error& error) {
    value.fail(error.what());
  }
}

void TicketKeyFile::dump(TreeWriter& out, const std::string& path) const { dump_text(out, path); }

void ServerNames::read(const Value& value, std::vector<std::string>& names, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("a name such as db.example or *.db.example");
    if (!text) continue;
    const std::string name = lower_cased(*text);
    if (const std::string why = why_no_server_name(name); !why.empty()) {
      item.fail(in_quotes(*text) + " " + why);
    } else {
      add_once(item, names, name);
    }
  }
}

void ServerNames::dump(TreeWriter& out, const std::vector<std::string>& names) const { dump_texts(out, names); }

void BackendName::read(const Value& value, std::string& name, Reading&) const {
  const std::optional<std::string> text = value.text("a name such as db.example");
  if (!text) return;
  name = lower_cased(*text);
  if (name.empty() || is_ip_address(name)) return;
  if (name.starts_with("*.")) {
    return value.fail(in_quotes(*text) + " stands for many names; write the one that the certificate has to be for");
  }
  if (const std::string why = why_no_server_name(name); !why.empty()) value.fail(in_quotes(*text) + " " + why);
}

void BackendName::dump(TreeWriter& out, const std::string& name) const { dump_text(out, name); }

void ClientNames::read(const Value& value, std::vector<std::string>& names, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("the common name of a certificate, or a DNS name in it");
    if (!text) continue;
    if (text->empty() || has_control(*text)) {
      item.fail(in_quotes(*text) + " is not a name; write the common name of a certificate, or a DNS name in it");
    } else {
      add_once(item, names, *text);
    }
  }
}

void ClientNames::dump(TreeWriter& out, const std::vector<std::string>& names) const { dump_texts(out, names); }

void Protocols::read(const Value& value, std::vector<std::string>& protocols, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("the name of a protocol such as h2");
    if (!text) continue;
    if (text->empty() || text->size() > kLongest) {
      item.fail(fmt::format("has {} bytes; write the name of a protocol, of 1 to {} bytes", text->size(), kLongest));
    } else {
      add_once(item, protocols, *text);
    }
  }
}

void Protocols::dump(TreeWriter& out, const std::vector<std::string>& protocols) const { dump_texts(out, protocols); }

void OpenSslWords::read(const Value& value, std::string& words, Reading&) const {
  const std::optional<std::string> text = value.text("names as OpenSSL has them, with a colon between two");
  if (!text) return;
  if (has_control(*text)) return value.fail(in_quotes(*text) + " holds a control character; write names alone");
  if (const std::string why = problem(*text); !why.empty()) return value.fail(why);
  words = *text;
}

void OpenSslWords::dump(TreeWriter& out, const std::string& words) const { dump_text(out, words); }

void check_server_key(MapReader& map, const tls::CertificateOptions& options, Reading&) {
  check_key(map, options.certificate, options.key);
}

void check_client_key(MapReader& map, const tls::ClientOptions& options, Reading&) {
  check_key(map, options.certificate, options.key);
  if (options.key.empty() || !options.certificate.empty()) return;
  if (const auto key = map.find("key")) {
    key->fail("is the key of a `certificate`, but there is none; write the path of its PEM file, or remove this");
  }
}

void check_client_certificates(MapReader& map, const tls::ClientCertificateOptions& options, Reading&) {
  const std::optional<Value> verify = map.find("verify");
  if (options.verify != tls::ClientCertificateOptions::Verify::off) {
    if (options.ca.empty() && verify) {
      verify->fail(std::string(word_of(options.verify)) + " needs `ca`; write a PEM file of those who may sign");
    }
    return;
  }
  const std::array<std::pair<std::string_view, bool>, 3> useless{
      {{"ca", !options.ca.empty()}, {"crl", !options.crl.empty()}, {"names", !options.names.empty()}}};
  for (const auto& [key, given] : useless) {
    const std::optional<Value> value = map.find(key);
    if (given && value) {
      value->fail("means nothing while no certificate is asked for; write verify: required or optional, or remove it");
    }
  }
}

void check_plaintext(MapReader& map, const tls::ServerOptions& options, Reading&) {
  if (options.plaintext == tls::ServerOptions::Plaintext::refuse) return;
  if (options.client_certificates.verify != tls::ClientCertificateOptions::Verify::required) return;
  if (const auto plaintext = map.find("plaintext")) {
    plaintext->fail(
        "allow lets in clients that show no certificate, which client_certificates requires; write refuse, or verify: "
        "optional");
  }
}

void check_backend_name(MapReader& map, const UpstreamConfig& upstream, Reading&) {
  const std::optional<Value> tls = map.find("tls");
  if (!tls || !upstream.tls || upstream.tls->verify != tls::ClientOptions::Verify::full) return;
  const std::optional<Value> name = tls->is(YamlNode::Kind::map) ? MapReader(*tls).find("name") : std::nullopt;
  // One that is no name is reported by itself.
  const bool is_given = name && !(name->is(YamlNode::Kind::scalar) && name->node().scalar.empty());
  if (is_given || !upstream.tls->name.empty()) return;
  for (const BackendConfig& backend : upstream.servers) {
    if (backend.dns || !backend.address.is_unix()) continue;
    return tls->fail(
        fmt::format("has no name, and no certificate is for {}, the path of a backend; write name: and what "
                    "its certificate is for, or verify: chain",
                    in_quotes(backend.address.to_string())));
  }
}

void check_tlvs(MapReader& map, const UpstreamConfig& upstream, Reading&) {
  if (upstream.proxy_tlvs.empty() || upstream.send_proxy_protocol == ProxyVersion::v2) return;
  const std::optional<Value> tlvs = map.find("proxy_tlvs");
  if (!tlvs) return;
  tlvs->fail(upstream.send_proxy_protocol == ProxyVersion::v1
                 ? "are of version 2 alone, version 1 carries none; write send_proxy_protocol: v2"
                 : "stand in the PROXY header, which is off; write send_proxy_protocol: v2");
}

std::string problem_of_server(const tls::ServerOptions& options) try {
  const tls::ServerContexts contexts(options, nullptr);
  return {};
} catch (const std::runtime_error& error) {
  return error.what();
}

std::string problem_of_client(const tls::ClientOptions& options) try {
  if (options.certificate.empty()) return {};
  tls::ClientOptions own = options;
  own.verify = tls::ClientOptions::Verify::none;  // the system's authorities take long to read
  const tls::ClientContext context(own);
  return {};
} catch (const std::runtime_error& error) {
  return error.what();
}

namespace {

bool name_is_held(std::string_view name, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& other) { return tls::covers(other, name); });
}

/// Whether no connection that the later route is for gets past the earlier one.
bool hides(const RouteConfig& earlier, const RouteConfig& later) {
  const bool names =
      earlier.names.empty() ||
      (!later.names.empty() && std::all_of(later.names.begin(), later.names.end(),
                                           [&](const auto& name) { return name_is_held(name, earlier.names); }));
  const bool protocols =
      earlier.alpn.empty() ||
      (!later.alpn.empty() && std::all_of(later.alpn.begin(), later.alpn.end(), [&](const std::string& protocol) {
        return std::find(earlier.alpn.begin(), earlier.alpn.end(), protocol) != earlier.alpn.end();
      }));
  return names && protocols;
}

/// What is written of the routes, each a map; nothing where that is not so, which was reported.
std::vector<Value> written_routes(MapReader& map) {
  const std::optional<Value> proxy = map.find("proxy");
  if (!proxy || !proxy->is(YamlNode::Kind::map)) return {};
  const std::optional<Value> routes = MapReader(*proxy).find("routes");
  if (!routes || !routes->is(YamlNode::Kind::sequence)) return {};
  std::vector<Value> items = routes->items();
  const bool maps =
      std::all_of(items.begin(), items.end(), [](const Value& item) { return item.is(YamlNode::Kind::map); });
  return maps ? items : std::vector<Value>();
}

/// Whether nothing of a list was wrong, without which it may mean another thing.
bool is_whole(const Value& route, std::string_view key, const std::vector<std::string>& read) {
  const std::optional<Value> list = MapReader(route).find(key);
  return (list ? list->items_or_self().size() : 0) == read.size();
}

bool is_whole(const Value& written, const RouteConfig& route) {
  return is_whole(written, "names", route.names) && is_whole(written, "alpn", route.alpn);
}

}  // namespace

void check_routes(MapReader& map, ListenerConfig& listener, Reading&) {
  auto* proxy = std::get_if<ProxyConfig>(&listener.service);
  if (proxy == nullptr) return;
  const std::vector<Value> written = written_routes(map);
  if (written.size() != proxy->routes.size()) return;
  for (std::size_t at = 0; at < written.size(); ++at) {
    RouteConfig& route = proxy->routes[at];
    const std::optional<Value> tls = MapReader(written[at]).find("tls");
    if (!listener.tls && !tls) {
      route.tls = RouteConfig::Tls::pass;
    } else if (!listener.tls && tls->node().scalar == word_of(RouteConfig::Tls::terminate)) {
      tls->fail("terminate needs a certificate, but this listener has no `tls`; write pass, or give it one");
    }
    for (std::size_t earlier = 0; is_whole(written[at], route) && earlier < at; ++earlier) {
      const RouteConfig& other = proxy->routes[earlier];
      if (!is_whole(written[earlier], other) || !hides(other, route)) continue;
      written[at].fail(fmt::format(
          "is never reached, because route {} ({}) is for all that it is for; put this one first, or remove it",
          earlier, first_place(written[earlier].position())));
      break;
    }
  }
}

}  // namespace weir
