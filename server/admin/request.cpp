#include "server/admin/request.hpp"

#include <boost/beast/http/error.hpp>

namespace weir::admin {

std::optional<Reply> reply_to_malformed(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return error_reply(431, "the request's headers are larger than 8 KiB");
  }
  if (error == http::error::body_limit) return error_reply(413, "the request's body is larger than 64 KiB");
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  if (ended || error.category() != make_error_code(http::error::bad_method).category()) return std::nullopt;
  return error_reply(400, "this is no HTTP/1.1 request: " + error.message());
}

}  // namespace weir::admin
