#include "server/admin/answer_reading.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

#include "common/printable.hpp"

namespace weir::admin {

namespace json = boost::json;

namespace {

/// In milliseconds since 1970.
std::optional<std::chrono::milliseconds> parse_time(std::string_view text) {
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  std::tm time{};
  stream >> std::get_time(&time, "%Y-%m-%dT%H:%M:%S");
  if (!stream) return std::nullopt;
  double fraction = 0;
  if (stream.peek() == '.') stream >> fraction;
  return std::chrono::seconds(::timegm(&time)) + std::chrono::milliseconds(static_cast<int>(fraction * 1000));
}

}  // namespace

const json::value& member_of(const json::value& object, std::string_view key) {
  static const json::value kNothing;
  const json::object* const members = object.if_object();
  const json::value* const member = members == nullptr ? nullptr : members->if_contains(key);
  return member == nullptr ? kNothing : *member;
}

std::optional<double> optional_number(const json::value& object, std::string_view key) {
  const json::value& member = member_of(object, key);
  if (!member.is_number()) return std::nullopt;
  return member.to_number<double>();
}

double number_of(const json::value& object, std::string_view key) { return optional_number(object, key).value_or(0); }

bool flag_of(const json::value& object, std::string_view key) {
  const bool* const flag = member_of(object, key).if_bool();
  return flag != nullptr && *flag;
}

std::string text_of(const json::value& object, std::string_view key) {
  const json::string* const text = member_of(object, key).if_string();
  return text == nullptr ? "" : terminal_text({text->data(), text->size()});
}

const json::array& list_of(const json::value& object, std::string_view key) {
  static const json::array kNone;
  const json::array* const list = member_of(object, key).if_array();
  return list == nullptr ? kNone : *list;
}

const json::object& map_of(const json::value& object, std::string_view key) {
  static const json::object kNone;
  const json::object* const map = member_of(object, key).if_object();
  return map == nullptr ? kNone : *map;
}

std::optional<std::chrono::milliseconds> time_between(std::string_view from, std::string_view to) {
  const auto first = parse_time(from);
  const auto last = parse_time(to);
  if (!first || !last) return std::nullopt;
  return std::max(*last - *first, std::chrono::milliseconds(0));
}

}  // namespace weir::admin
