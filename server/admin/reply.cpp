#include "server/admin/reply.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http/status.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <ctime>
#include <iterator>
#include <string_view>

#include "common/logging.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

/// boost::json writes 0.5 as 5E-1, which people read too.
void append(std::string& text, const json::value& value);

void append(std::string& text, const json::object& object) {
  text += '{';
  for (const auto& [key, value] : object) {
    if (text.back() != '{') text += ',';
    text += json_quote({key.data(), key.size()});
    text += ':';
    append(text, value);
  }
  text += '}';
}

void append(std::string& text, const json::array& array) {
  text += '[';
  for (const json::value& value : array) {
    if (text.back() != '[') text += ',';
    append(text, value);
  }
  text += ']';
}

void append(std::string& text, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      text += "null";
      break;
    case json::kind::bool_:
      text += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      fmt::format_to(std::back_inserter(text), "{}", value.get_int64());
      break;
    case json::kind::uint64:
      fmt::format_to(std::back_inserter(text), "{}", value.get_uint64());
      break;
    case json::kind::double_:
      if (std::isfinite(value.get_double())) {
        fmt::format_to(std::back_inserter(text), "{}", value.get_double());
      } else {
        text += "null";
      }
      break;
    case json::kind::string:
      text += json_quote({value.get_string().data(), value.get_string().size()});
      break;
    case json::kind::array:
      append(text, value.get_array());
      break;
    case json::kind::object:
      append(text, value.get_object());
      break;
  }
}

/// RFC 9110, section 5.6.7; the names do not depend on the locale.
std::string http_date(std::time_t now) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                     utc.tm_sec);
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string text;
  append(text, value);
  return text;
}

Reply json_reply(unsigned status, const json::value& value) {
  return {status, "application/json", json_text(value) + "\n"};
}

Reply result_reply(bool changed) { return json_reply(200, {{"result", changed ? "done" : "already"}}); }

Reply error_reply(unsigned status, const std::string& text) { return json_reply(status, {{"error", text}}); }

std::string head_of(const Reply& reply, bool keep) {
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(reply.status));
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: {}\r\n",
      reply.status, std::string_view(reason.data(), reason.size()), http_date(std::time(nullptr)), reply.content_type,
      reply.body.size(), keep ? "keep-alive" : "close");
  for (const auto& [name, value] : reply.headers) {
    fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
  }
  return head + "\r\n";
}

}  // namespace weir::admin
