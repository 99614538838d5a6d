#include "server/typed_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <stdexcept>

#include "common/faults/fault_json.hpp"
#include "common/faults/kind_names.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"

namespace weir {
namespace {

namespace json = boost::json;

/// Kinds whose value is no list of keys.
bool is_plain(std::string_view kind) { return kind == "bandwidth" || kind == "slow_close"; }

json::value number(const std::string& what, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  throw std::invalid_argument(fmt::format("{} {} is not a number", what, in_quotes(text)));
}

/// The form that JSON has for a key's value.
json::value value_of(const std::string& key, const std::string& text) {
  if (key == "probability") return number(key, text);
  if (text == "true") return true;
  if (text == "false") return false;
  return json::value(text);
}

json::value plain_value(const std::string& kind, const std::vector<std::string>& values) {
  if (values.size() == 1) return json::value(values.front());
  throw std::invalid_argument(
      fmt::format("{} takes one value; write {}", kind, kind == "bandwidth" ? "bandwidth 100KB/s" : "slow_close 1s"));
}

json::object keyed_values(const std::vector<std::string>& values) {
  json::object object;
  for (const std::string& text : values) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string key = text.substr(0, equals);
    if (object.contains(key))
      throw std::invalid_argument(fmt::format("{} appears twice; write it once", in_quotes(key)));
    object[key] = equals == text.size() ? json::value(true) : value_of(key, text.substr(equals + 1));
  }
  return object;
}

}  // namespace

faults::Fault parse_fault(const TypedFault& typed) {
  std::string kind = typed.kind;
  std::replace(kind.begin(), kind.end(), '-', '_');
  const auto kinds = faults::kind_names();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw std::invalid_argument(fmt::format("{} is not a kind of fault; {}", in_quotes(kind), name_hint(kind, kinds)));
  }
  json::object fault{{"name", typed.name}};
  fault[kind] = is_plain(kind) ? plain_value(kind, typed.values) : json::value(keyed_values(typed.values));
  if (!typed.percent.empty()) {
    std::string_view percent = typed.percent;
    if (percent.ends_with('%')) percent.remove_suffix(1);
    fault["percent"] = number("--percent", percent);
  }
  if (!typed.duration.empty()) fault["for"] = typed.duration;
  if (!typed.direction.empty()) fault["direction"] = typed.direction;
  if (!typed.key.empty()) fault["key"] = typed.key;
  if (!typed.sources.empty()) fault["sources"] = json::array(typed.sources.begin(), typed.sources.end());
  return faults::from_json(fault);
}

}  // namespace weir
