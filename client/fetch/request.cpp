#include "client/fetch/request.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <stdexcept>

#include "common/printable.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace http = boost::beast::http;

namespace {

constexpr std::array<std::string_view, 4> kFraming{"connection", "content-length", "transfer-encoding", "upgrade"};
constexpr std::array<std::string_view, 4> kForOneOrigin{"host", "authorization", "proxy-authorization", "cookie"};

bool is_one_of(std::string_view name, const std::array<std::string_view, 4>& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return boost::beast::iequals(name, other); });
}

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

HeaderField parse_header_field(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_token(text.substr(0, colon))) {
    throw std::invalid_argument("is 'Name: value', not " + in_quotes(text));
  }
  const std::string_view value = trimmed(text.substr(colon + 1));
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || !has_control({&c, 1}); });
  if (!printable) throw std::invalid_argument("has a control character: " + in_quotes(text));
  HeaderField field{std::string(text.substr(0, colon)), std::string(value)};
  if (is_one_of(field.name, kFraming)) throw std::invalid_argument("cannot set " + field.name);
  return field;
}

Request make_request(const FetchOptions& options, const Url& given, const Url& url) {
  Request request(http::verb::get, url.target, 11);
  request.set(http::field::host, url.authority());
  request.set(http::field::user_agent, std::string("weir-load/") + kVersion);
  request.set(http::field::accept, "*/*");
  const auto is_for_all = [&](const HeaderField& field) {
    return url.same_origin(given) || !is_one_of(field.name, kForOneOrigin);
  };
  for (const HeaderField& field : options.headers) {
    if (is_for_all(field)) request.erase(field.name);
  }
  for (const HeaderField& field : options.headers) {
    if (is_for_all(field)) request.insert(field.name, field.value);
  }
  request.set(http::field::connection, "close");
  return request;
}

}  // namespace weir::load
