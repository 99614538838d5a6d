#include "client/fetch/request.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "common/version.hpp"

namespace weir::load {

namespace http = boost::beast::http;

namespace {

constexpr std::array<std::string_view, 4> kForOneOrigin{"host", "authorization", "proxy-authorization", "cookie"};

bool is_for_one_origin(std::string_view name) {
  return std::any_of(kForOneOrigin.begin(), kForOneOrigin.end(),
                     [name](std::string_view other) { return boost::beast::iequals(name, other); });
}

}  // namespace

Request make_request(const FetchOptions& options, const Url& given, const Url& url) {
  Request request(http::verb::get, url.target, 11);
  request.set(http::field::host, url.authority());
  request.set(http::field::user_agent, std::string("weir-load/") + kVersion);
  request.set(http::field::accept, "*/*");
  const auto is_for_all = [&](const HeaderField& field) {
    return url.same_origin(given) || !is_for_one_origin(field.name);
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
