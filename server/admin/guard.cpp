#include "server/admin/guard.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <string>

#include "common/address.hpp"
#include "common/printable.hpp"

namespace weir::admin {
namespace {

using boost::beast::iequals;

/// Nothing where the header is missing or stands twice.
std::optional<std::string_view> only(const RequestHead& head, http::field name) {
  if (head.count(name) != 1) return std::nullopt;
  const auto value = head[name];
  return std::string_view(value.data(), value.size());
}

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

/// `host` of `host`, `host:port` and `[host]:port`; empty where it is none of these.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_digits(rest.substr(1)))) return {};
    return text.substr(1, close - 1);
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return text;
  return is_digits(text.substr(colon + 1)) ? text.substr(0, colon) : std::string_view();
}

bool is_own_name(std::string_view host, const AdminConfig& config) {
  if (is_ip_address(host)) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto same = [host](std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return iequals(host, name);
  };
  return !host.empty() && (same("localhost") || std::any_of(config.hosts.begin(), config.hosts.end(), same));
}

std::optional<Reply> refuse_host(const Caller& caller, const RequestHead& head, const AdminConfig& config) {
  const std::optional<std::string_view> host = only(head, http::field::host);
  if (!host) {
    if (head.version() < 11 && head.count(http::field::host) == 0) return std::nullopt;  // no browser speaks HTTP/1.0
    return error_reply(400, "a request needs one Host header");
  }
  if (caller.from == Caller::From::unix_socket || is_own_name(without_port(*host), config)) return std::nullopt;
  return error_reply(421, in_quotes(*host) +
                              " is not a name of this endpoint; call it by its address, or add the name to " +
                              "admin.hosts in the configuration");
}

bool brings_json(const RequestHead& head) {
  const std::optional<std::string_view> type = only(head, http::field::content_type);
  if (!type) return false;
  std::string_view media = type->substr(0, type->find(';'));
  while (media.ends_with(' ') || media.ends_with('\t')) media.remove_suffix(1);
  return iequals(media, "application/json");
}

/// Of `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); empty where there is none.
std::string_view token_of(const RequestHead& head) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::optional<std::string_view> text = only(head, http::field::authorization);
  if (!text || !iequals(text->substr(0, kScheme.size()), kScheme)) return {};
  return text->substr(kScheme.size());
}

std::optional<Reply> refuse_token(bool acting, const RequestHead& head, const AdminConfig& config,
                                  const CheckToken& check_token) {
  if (config.token_file.empty()) {
    return error_reply(403, std::string(acting ? "acting" : "reading") +
                                " from elsewhere needs a token; set admin.token_file in the configuration, or use the "
                                "machine's own loopback address or a unix socket");
  }
  const TokenCheck check = check_token(token_of(head));
  if (check.matches) return std::nullopt;
  if (!check.problem.empty()) return error_reply(503, "no token can be checked: " + check.problem);
  Reply reply = error_reply(401, head.count(http::field::authorization) == 0
                                     ? "a token is needed; send Authorization: Bearer TOKEN"
                                     : "this is not the token of admin.token_file");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

/// What says nothing of the daemon that would need a token: whether it is well, and the page, which asks for the token.
bool is_open(const RequestHead& head) {
  const auto target = head.target();
  const std::string_view path = std::string_view(target.data(), target.size()).substr(0, target.find('?'));
  return path == "/healthz" || path == "/readyz" || path == "/";
}

}  // namespace

bool comes_from_a_foreign_page(const RequestHead& head) {
  const auto site = head["Sec-Fetch-Site"];
  if (iequals(site, "cross-site")) return true;
  if (head.count(http::field::origin) == 0) return false;
  const std::optional<std::string_view> origin = only(head, http::field::origin);
  const std::optional<std::string_view> host = only(head, http::field::host);
  if (!origin || !host) return true;
  const std::size_t scheme = origin->find("://");
  return scheme == std::string_view::npos || !iequals(origin->substr(scheme + 3), *host);
}

std::optional<Reply> refuse(const Caller& caller, const RequestHead& head, const AdminConfig& config,
                            const CheckToken& check_token) {
  if (auto refusal = refuse_host(caller, head, config)) return refusal;
  const bool acting = head.method() != http::verb::get && head.method() != http::verb::head;
  if (acting && comes_from_a_foreign_page(head)) {
    return error_reply(403, "this request comes from another site's page; only this endpoint's own page may act");
  }
  const bool needs_token = acting || (config.read_token && !is_open(head));
  if (caller.from == Caller::From::elsewhere && needs_token) {
    if (auto refusal = refuse_token(acting, head, config, check_token)) return refusal;
  }
  if (acting && !brings_json(head)) {
    return error_reply(415, "what changes something needs the header Content-Type: application/json");
  }
  return std::nullopt;
}

}  // namespace weir::admin
