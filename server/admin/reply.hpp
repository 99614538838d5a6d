#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

namespace weir::admin {

/// What is answered to a request, before it is put into HTTP.
struct Reply {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< further ones
};

Reply json_reply(unsigned status, const boost::json::value& value);
/// What an attempt to change something came to: `{"result": "done"}`, or "already".
Reply result_reply(bool changed);
/// `{"error": …}`; the text says what is wrong, and what would be right.
Reply error_reply(unsigned status, const std::string& text);

/// The reply with its status line and headers as bytes, without the body. `keep` says whether the connection goes on.
std::string head_of(const Reply& reply, bool keep);

/// As compact JSON, with numbers in their shortest form; one that is not finite is null.
std::string json_text(const boost::json::value& value);

}  // namespace weir::admin
