#include "common/faults/fault_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/faults/fault_rules.hpp"
#include "common/faults/fault_words.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::faults {

namespace {

namespace json = boost::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Writing.

json::value text(std::string_view text) { return json::string(text.data(), text.size()); }
json::value shown(microseconds time) { return text(format_duration(time)); }

/// Without an exponent where it is a whole number.
json::value shown(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? json::value(whole) : json::value(number);
}

template <typename Cut>
json::value value_of_cut(const Cut& cut) {
  json::object value;
  if (cut.after_bytes) value["after_bytes"] = *cut.after_bytes;
  if (cut.after) value["after"] = shown(*cut.after);
  return value;
}

struct ValueOf {
  json::value operator()(const Latency& latency) const {
    return json::object{{"delay", shown(latency.delay)},
                        {"jitter", shown(latency.jitter)},
                        {"distribution", text(word_of(latency.distribution))}};
  }
  json::value operator()(const Bandwidth& bandwidth) const { return text(format_byte_rate(bandwidth.rate)); }
  json::value operator()(const Slice& slice) const {
    return json::object{{"size", slice.size}, {"variation", slice.variation}, {"delay", shown(slice.delay)}};
  }
  json::value operator()(const Stall& stall) const {
    return json::object{{"after", stall.after},
                        {"for", shown(stall.duration)},
                        {"every", stall.every},
                        {"probability", shown(stall.probability)}};
  }
  json::value operator()(const Reset& reset) const { return value_of_cut(reset); }
  json::value operator()(const End& end) const { return value_of_cut(end); }
  json::value operator()(const SlowClose& slow) const { return shown(slow.delay); }
  json::value operator()(const Refuse& /*refuse*/) const { return json::object(); }
  json::value operator()(const Connect& connect) const {
    return json::object{{"delay", shown(connect.delay)}, {"fail", connect.fail}};
  }
  json::value operator()(const HalfOpen& /*half_open*/) const { return json::object(); }
  json::value operator()(const Corrupt& corrupt) const { return json::object{{"per_bytes", corrupt.per_bytes}}; }
};

// Reading. What is wrong with a value is thrown without its key, which whoever knows it puts before it.

std::string_view text_in(const json::value& value, std::string_view right) {
  const json::string* const text = value.if_string();
  if (text == nullptr) throw std::invalid_argument(fmt::format("is not text; write {}", right));
  return {text->data(), text->size()};
}

void read(const json::value& value, std::string& target) { target = text_in(value, "a text"); }

void read(const json::value& value, bool& target) {
  if (!value.is_bool()) throw std::invalid_argument("is not a boolean; write true or false");
  target = value.get_bool();
}

void read(const json::value& value, double& target) {
  boost::system::error_code error;
  const auto number = value.to_number<double>(error);
  if (error) throw std::invalid_argument("is not a number; write it without quotes");
  target = number;
}

bool is_zero(const json::value& value) {
  return (value.is_int64() && value.get_int64() == 0) || (value.is_uint64() && value.get_uint64() == 0);
}

void read(const json::value& value, microseconds& target) {
  target = is_zero(value) ? microseconds(0) : parse_duration(text_in(value, "a duration such as \"50ms\""));
}

void read(const json::value& value, milliseconds& target) {
  microseconds time{0};
  read(value, time);
  target = std::chrono::duration_cast<milliseconds>(time);
  if (target != time) throw std::invalid_argument("is finer than a millisecond; write \"1ms\" or more");
}

/// A number of bytes, or text with a unit.
std::uint64_t bytes_in(const json::value& value, std::uint64_t (*parse)(std::string_view), std::string_view right) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  if (!value.is_string()) throw std::invalid_argument(fmt::format("is not a number of bytes; write {}", right));
  return parse(text_in(value, right));
}

void read(const json::value& value, std::uint64_t& target) {
  target = bytes_in(value, parse_size, "65536 or \"64KiB\"");
}

template <typename Target>
void read(const json::value& value, std::optional<Target>& target) {
  if (value.is_null()) return target.reset();
  read(value, target.emplace());
}

template <typename Enum>
  requires std::is_enum_v<Enum>
void read(const json::value& value, Enum& target) {
  std::string known;
  for (int at = 0; !word_of(static_cast<Enum>(at)).empty(); ++at) {
    known += fmt::format("{}{}", at == 0 ? "" : ", ", word_of(static_cast<Enum>(at)));
  }
  const std::string right = "one of " + known;
  const std::string_view text = text_in(value, right);
  for (int at = 0; !word_of(static_cast<Enum>(at)).empty(); ++at) {
    if (word_of(static_cast<Enum>(at)) != text) continue;
    target = static_cast<Enum>(at);
    return;
  }
  throw std::invalid_argument(fmt::format("{} is unknown; write {}", in_quotes(text), right));
}

/// One text, or a list of them.
void read(const json::value& value, std::vector<std::string>& target) {
  target.clear();
  if (!value.is_array()) return read(value, target.emplace_back());
  for (const json::value& item : value.get_array()) read(item, target.emplace_back());
}

/// The keys of an object, taken one by one; finish() then refuses those that nobody took.
class Keys {
 public:
  Keys(const json::value& value, std::string path) : object_(value.if_object()), path_(std::move(path)) {
    if (object_ == nullptr) refuse("", "is not an object of keys and values");
  }

  const json::value* find(std::string_view key) {
    known_.push_back(key);
    return object_->if_contains(key);
  }

  template <typename Target>
  Keys& take(std::string_view key, Target& target, bool is_required = false) {
    const json::value* const value = find(key);
    if (value == nullptr && is_required) refuse(key, "is missing");
    if (value != nullptr) take_value(*value, key, target);
    return *this;
  }

  template <typename Target>
  void take_value(const json::value& value, std::string_view key, Target& target) const {
    try {
      read(value, target);
    } catch (const std::invalid_argument& error) {
      refuse(key, error.what());
    }
  }

  void finish() const {
    for (const auto& entry : *object_) {
      const std::string_view key(entry.key().data(), entry.key().size());
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      throw std::invalid_argument(fmt::format("{}unknown key {}; {}", path_.empty() ? "" : path_ + ": ", in_quotes(key),
                                              name_hint(key, known_)));
    }
  }

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const {
    const std::string path =
        path_.empty() || key.empty() ? fmt::format("{}{}", path_, key) : fmt::format("{}.{}", path_, key);
    throw std::invalid_argument(fmt::format("{}{}{}", path, path.empty() ? "a fault " : ": ", why));
  }

 private:
  const json::object* object_;
  const std::string path_;
  std::vector<std::string_view> known_;
};

constexpr bool kRequired = true;

void read_keys(Keys& keys, Latency& latency) {
  keys.take("delay", latency.delay, kRequired)
      .take("jitter", latency.jitter)
      .take("distribution", latency.distribution);
}
void read_keys(Keys& keys, Slice& slice) {
  keys.take("size", slice.size, kRequired).take("variation", slice.variation).take("delay", slice.delay);
}
void read_keys(Keys& keys, Stall& stall) {
  keys.take("after", stall.after)
      .take("for", stall.duration)
      .take("every", stall.every)
      .take("probability", stall.probability);
}
void read_keys(Keys& keys, Reset& reset) { keys.take("after_bytes", reset.after_bytes).take("after", reset.after); }
void read_keys(Keys& keys, End& end) { keys.take("after_bytes", end.after_bytes).take("after", end.after); }
void read_keys(Keys& /*keys*/, Refuse& /*refuse*/) {}
void read_keys(Keys& keys, Connect& connect) { keys.take("delay", connect.delay).take("fail", connect.fail); }
void read_keys(Keys& /*keys*/, HalfOpen& /*half_open*/) {}
void read_keys(Keys& keys, Corrupt& corrupt) { keys.take("per_bytes", corrupt.per_bytes); }

template <typename One>
void read_kind(const Keys& /*fault*/, const json::value& value, std::string_view name, One& kind) {
  Keys keys(value, std::string(name));
  read_keys(keys, kind);
  keys.finish();
}
void read_kind(const Keys& fault, const json::value& value, std::string_view name, SlowClose& slow) {
  fault.take_value(value, name, slow.delay);
}
void read_kind(const Keys& fault, const json::value& value, std::string_view name, Bandwidth& bandwidth) {
  try {
    bandwidth.rate = bytes_in(value, parse_byte_rate, "\"100KB/s\"");
  } catch (const std::invalid_argument& error) {
    fault.refuse(name, error.what());
  }
}

template <typename... Kinds>
void read_one_of(Keys& keys, std::variant<Kinds...>& kind) {
  const std::array<std::string_view, sizeof...(Kinds)> names{kind_name(Kinds())...};
  std::string_view given;
  for (const std::string_view name : names) {
    if (keys.find(name) == nullptr) continue;
    if (!given.empty()) {
      throw std::invalid_argument(fmt::format("a fault has one kind, but this one has {} and {}", given, name));
    }
    given = name;
  }
  keys.finish();  // first, because of a mistyped kind
  if (given.empty()) {
    std::string all;
    for (const std::string_view name : names) all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
    throw std::invalid_argument(fmt::format("a fault has one of the keys {}; add what it is to do", all));
  }
  const auto read_if = [&]<typename One>(std::type_identity<One>) {
    if (kind_name(One()) == given) read_kind(keys, *keys.find(given), given, kind.template emplace<One>());
  };
  (read_if(std::type_identity<Kinds>()), ...);
}

}  // namespace

json::object to_json(const Fault& fault) {
  json::array sources;
  for (const std::string& range : fault.sources) sources.push_back(text(range));
  json::object shown_fault{{"name", fault.name},
                           {"direction", text(word_of(fault.way))},
                           {"percent", shown(fault.percent)},
                           {"key", text(word_of(fault.key))},
                           {"sources", std::move(sources)}};
  if (fault.duration.count() != 0) shown_fault["for"] = shown(fault.duration);
  const std::string_view name = kind_name(fault.kind);
  shown_fault[name] = std::visit(ValueOf{}, fault.kind);
  return shown_fault;
}

Fault from_json(const json::value& value) {
  Fault fault;
  Keys keys(value, "");
  keys.take("name", fault.name, kRequired)
      .take("direction", fault.way)
      .take("percent", fault.percent)
      .take("key", fault.key)
      .take("sources", fault.sources)
      .take("for", fault.duration);
  read_one_of(keys, fault.kind);
  if (const std::string problem = problem_of(fault); !problem.empty()) throw std::invalid_argument(problem);
  return fault;
}

}  // namespace weir::faults
