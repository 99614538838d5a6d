#include "server/config/value_reader.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>

#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir {
namespace {

std::string join_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string key_text(std::string_view key) { return in_quotes(key).substr(1, in_quotes(key).size() - 2); }

}  // namespace

std::optional<std::string> Value::text(std::string_view right) const {
  if (is(YamlNode::Kind::scalar)) return node_->scalar;
  const std::string what = is(YamlNode::Kind::null) ? "has no value" : std::string("is ") + node_->kind_name();
  fail(what + "; write " + std::string(right));
  return std::nullopt;
}

void Value::read(bool& target) const {
  const std::optional<std::string> found = text("true or false");
  if (!found) return;
  if (is_plain("true") || is_plain("false")) {
    target = is_plain("true");
  } else {
    fail(in_quotes(*found) + " is no boolean; write true or false");
  }
}

void Value::read(std::string& target) const {
  if (const std::optional<std::string> found = text("a text")) target = *found;
}

void Value::read(std::uint32_t& target, std::uint32_t least, std::uint32_t most) const {
  const std::string right = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const std::optional<std::string> found = text(right);
  if (!found) return;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), number);
  if (!node_->plain || error != std::errc{} || end != found->data() + found->size() || number < least ||
      number > most) {
    return fail(in_quotes(*found) + " is not " + right);
  }
  target = number;
}

void Value::read(std::chrono::milliseconds& target, std::chrono::milliseconds shortest) const {
  const std::optional<std::string> found = text("a duration such as 30s");
  if (!found) return;
  try {
    const std::chrono::microseconds duration = parse_duration(*found);
    const auto rounded = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
    if (rounded != duration) return fail(in_quotes(*found) + " is finer than a millisecond; write 1ms or more");
    if (rounded < shortest) {
      return fail(in_quotes(*found) + " is too short; write " + format_duration(shortest) + " or more");
    }
    target = rounded;
  } catch (const std::invalid_argument& error) {
    fail(error.what());
  }
}

void Value::read(std::chrono::seconds& target, std::chrono::seconds shortest, std::chrono::seconds longest) const {
  const std::string right =
      "whole seconds from " + format_duration(shortest) + " to " + std::to_string(longest.count()) + "s";
  const std::optional<std::string> found = text(right);
  if (!found) return;
  try {
    const std::chrono::microseconds duration = parse_duration(*found);
    const auto rounded = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (rounded != duration || rounded < shortest || rounded > longest) {
      return fail(in_quotes(*found) + " is out of bounds; write " + right);
    }
    target = rounded;
  } catch (const std::invalid_argument& error) {
    fail(error.what());
  }
}

void Value::read(Address& target, AddressUse use, Ports ports) const {
  const std::optional<std::string> found =
      text(use == AddressUse::bind ? "an address such as 127.0.0.1:7000" : "an address such as 127.0.0.1:5432");
  if (!found) return;
  try {
    target = parse_address(*found, use, ports);
  } catch (const std::invalid_argument& error) {
    fail(error.what());
  }
}

std::optional<std::size_t> Value::choose(const std::vector<std::string_view>& names) const {
  std::string right;
  for (std::size_t at = 0; at < names.size(); ++at) {
    right += at == 0 ? "" : at + 1 == names.size() ? " or " : ", ";
    right += names[at];
  }
  const std::optional<std::string> found = text(right);
  if (!found) return std::nullopt;
  const auto match = std::find(names.begin(), names.end(), *found);
  if (match != names.end()) return static_cast<std::size_t>(match - names.begin());
  fail(in_quotes(*found) + " is unknown; write " + right);
  return std::nullopt;
}

std::vector<Value> Value::items() const {
  std::vector<Value> values;
  for (std::size_t at = 0; at < node_->items.size(); ++at) {
    const YamlNode& item = node_->items[at];
    std::string key = std::to_string(at);
    for (const YamlEntry& entry : item.entries) {
      const bool named = entry.key.scalar == "name" && entry.value.kind == YamlNode::Kind::scalar;
      if (named && !entry.value.scalar.empty()) key = key_text(entry.value.scalar);
    }
    // A null item stands on its dash; yaml-cpp only knows what follows it.
    values.emplace_back(item, item.position, join_path(path_, key), *problems_);
  }
  return values;
}

MapReader::MapReader(const Value& map) : map_(map) {
  if (map.is(YamlNode::Kind::map) || map.is(YamlNode::Kind::null)) return;
  usable_ = false;
  map.fail(std::string("is ") + map.node().kind_name() + ", but must be a map of keys and values");
}

std::optional<Value> MapReader::find(std::string_view key) {
  known_.push_back(key);
  for (const YamlEntry& entry : map_.node().entries) {
    if (entry.key.kind != YamlNode::Kind::scalar || entry.key.scalar != key) continue;
    return Value(entry.value, entry.key.position, join_path(map_.path(), key), map_.problems());
  }
  return std::nullopt;
}

std::optional<Value> MapReader::require(std::string_view key, std::string_view right) {
  std::optional<Value> value = find(key);
  if (!value && usable_) {
    map_.problems().add(map_.position(), join_path(map_.path(), key), "is missing; write " + std::string(right));
  }
  return value;
}

void MapReader::finish(std::initializer_list<std::string_view> planned) {
  std::map<std::string_view, const YamlEntry*> seen;
  for (const YamlEntry& entry : map_.node().entries) {
    const Position& position = entry.key.position;
    if (entry.key.kind != YamlNode::Kind::scalar) {
      map_.problems().add(position, map_.path(), std::string("a key must be text, not ") + entry.key.kind_name());
      continue;
    }
    const std::string& key = entry.key.scalar;
    const std::string path = join_path(map_.path(), key_text(key));
    const auto [first, is_new] = seen.emplace(key, &entry);
    if (!is_new) {
      const int line = first->second->key.position.line;
      map_.problems().add(
          position, path,
          "stands twice" + (line > 0 ? ", first on line " + std::to_string(line) : std::string()) + "; keep one");
    } else if (std::find(planned.begin(), planned.end(), key) != planned.end()) {
      map_.problems().add(position, path, "is not supported by this version; remove it");
    } else if (key == "<<") {
      map_.problems().add(position, path, "merge keys are not supported; give a whole section an anchor instead");
    } else if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      map_.problems().add(position, path, "unknown key; " + name_hint(key, known_));
    }
  }
}

}  // namespace weir
