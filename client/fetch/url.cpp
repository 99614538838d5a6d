#include "client/fetch/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "common/address.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace {

constexpr std::size_t kLongestUrl = 64 * 1024;

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

void check_characters(std::string_view text) {
  if (text.size() > kLongestUrl) refuse("is longer than 64 KiB");
  if (has_control(text)) refuse("has a control character");
}

/// The scheme, where the text begins with one (RFC 3986, 3.1); empty where it has none. `host:80` has none: what
/// follows the colon is a port.
std::string_view scheme_of(std::string_view text) {
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon == std::string_view::npos || colon == 0 || text[colon] != ':' || !is_letter(text.front())) return {};
  const std::string_view scheme = text.substr(0, colon);
  const bool valid = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  if (!valid) return {};
  return colon + 1 < text.size() && is_digit(text[colon + 1]) ? std::string_view{} : scheme;
}

bool is_secure(std::string_view scheme) {
  const std::string name = lower(scheme);
  if (name == "http") return false;
  if (name == "https") return true;
  refuse("is neither http nor https");
}

/// Percent-encodes what a request line must not have, and leaves everything else alone.
std::string encode(std::string_view text) {
  constexpr std::string_view kUnsafe = " \"<>\\^`{|}";
  std::string result;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && kUnsafe.find(c) == std::string_view::npos) {
      result += c;
      continue;
    }
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    result += escape;
  }
  return result;
}

std::string parse_host(std::string_view text) {
  if (text.empty()) refuse("names no host");
  if (text.front() == '[') {
    const std::string inner(text.substr(1, text.size() - 2));
    if (text.back() != ']' || inner.find(':') == std::string::npos || !is_ip_address(inner)) {
      refuse("has no IPv6 address in its brackets");
    }
    return lower(inner);
  }
  const bool valid = std::all_of(
      text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; });
  if (!valid) refuse("has a host that is neither a name of letters, digits, '-', '.' and '_' nor an address");
  return lower(text);
}

std::uint16_t parse_port(std::string_view text, bool secure) {
  if (text.empty()) return secure ? 443 : 80;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
    refuse("has a port that is not 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

/// The path and query without the fragment, which no server ever sees.
std::string parse_target(std::string_view text) {
  const std::string target = encode(text.substr(0, text.find('#')));
  return target.starts_with('/') ? target : "/" + target;
}

/// What follows `scheme://`.
Url parse_hierarchy(bool secure, std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (authority.find('@') != std::string_view::npos) refuse("has a user name; send an Authorization header instead");
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon + 1);
  return {secure, parse_host(authority.substr(0, colon)), parse_port(port, secure), parse_target(text.substr(end))};
}

/// RFC 3986, 5.2.4, of a path that begins with a slash.
std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") result.resize(result.empty() ? 0 : result.rfind('/'));
      if (path.empty()) result += '/';
    } else {
      result += segment;
    }
  }
  return result;
}

std::string without_dots_in_path(const std::string& target) {
  const std::size_t query = std::min(target.find('?'), target.size());
  return without_dots(target.substr(0, query)) + target.substr(query);
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host_is_ipv6() ? "[" + host + "]" : host;
  return port == (secure ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

std::string Url::to_string() const { return (secure ? "https://" : "http://") + authority() + target; }

Url parse_url(std::string_view text) {
  check_characters(text);
  if (is_ip_address(text)) return {false, lower(text), 80, "/"};  // an IPv6 address needs no brackets if it is all
  const std::string_view scheme = scheme_of(text);
  if (scheme.empty()) {
    if (text.find("://") < text.find_first_of("/?#")) refuse("is neither http nor https");
    return parse_hierarchy(false, text);
  }
  const bool secure = is_secure(scheme);
  const std::string_view rest = text.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) refuse("has no // behind its scheme");
  return parse_hierarchy(secure, rest.substr(2));
}

Url resolve_reference(const Url& base, std::string_view reference) {
  check_characters(reference);
  if (!scheme_of(reference).empty()) return parse_url(reference);
  if (reference.starts_with("//")) return parse_hierarchy(base.secure, reference.substr(2));
  Url url = base;
  const std::string relative = encode(reference.substr(0, reference.find('#')));
  if (relative.empty()) return url;
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (relative.front() == '?') {
    url.target = path + relative;
  } else if (relative.front() == '/') {
    url.target = without_dots_in_path(relative);
  } else {
    url.target = without_dots_in_path(path.substr(0, path.rfind('/') + 1) + relative);
  }
  return url;
}

}  // namespace weir::load
