#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <optional>

#include "server/admin/reply.hpp"

namespace weir::admin {

namespace http = boost::beast::http;

using RequestHead = http::request_header<>;
using Request = http::request<http::string_body>;

inline constexpr std::size_t kLargestHead = 8 * 1024;
inline constexpr std::size_t kLargestBody = 64 * 1024;

/// Parses one request within the bounds.
class RequestParser : public http::request_parser<http::string_body> {
 public:
  RequestParser() {
    header_limit(kLargestHead);
    body_limit(kLargestBody);
  }
};

/// What to say to bytes that are no request, or one beyond the bounds; nothing where the connection failed or ended.
std::optional<Reply> reply_to_malformed(const boost::system::error_code& error);

}  // namespace weir::admin
