#include "server/toxiproxy/json_fields.hpp"

#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <boost/json/stream_parser.hpp>
#include <cmath>

#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {

namespace {

namespace json = boost::json;

Problem unlike(std::string_view key, const json::value& value, std::string_view wanted) {
  const auto kind = json::to_string(value.kind());
  return bad_body(
      fmt::format("{} is of the kind {}, but must be {}", key, std::string_view(kind.data(), kind.size()), wanted));
}

}  // namespace

json::value parse_body(const std::string& body) {
  if (body.find_first_not_of(" \t\r\n") == std::string::npos) throw bad_body("EOF");
  json::stream_parser parser;
  boost::system::error_code error;
  parser.write_some(body, error);
  if (!error && !parser.done()) parser.finish(error);
  if (error) throw bad_body("this is no JSON: " + error.message());
  return parser.release();
}

JsonFields::JsonFields(const json::value& value)
    : object_(value.is_object() ? value.get_object() : throw unlike("the value", value, "an object")) {}

const json::value* JsonFields::find(std::string_view key) const {
  const json::value* found = nullptr;
  for (const auto& [name, value] : object_) {
    if (!value.is_null() && boost::beast::iequals({name.data(), name.size()}, {key.data(), key.size()})) found = &value;
  }
  return found;
}

void JsonFields::read(std::string_view key, std::string& to) const {
  const json::value* const value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) throw unlike(key, *value, "a string");
  const auto& text = value->get_string();
  to.assign(text.data(), text.size());
}

void JsonFields::read(std::string_view key, bool& to) const {
  const json::value* const value = find(key);
  if (value == nullptr) return;
  if (!value->is_bool()) throw unlike(key, *value, "true or false");
  to = value->get_bool();
}

void JsonFields::read(std::string_view key, double& to) const {
  const json::value* const value = find(key);
  if (value == nullptr) return;
  if (!value->is_number()) throw unlike(key, *value, "a number");
  to = value->to_number<double>();
}

void JsonFields::read(std::string_view key, std::int64_t& to) const {
  const json::value* const value = find(key);
  if (value == nullptr) return;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error) throw unlike(key, *value, "a whole number");
  to = number;
}

}  // namespace weir::toxiproxy
