#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/endpoint.hpp"
#include "server/config/config_problem.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {

/// A value of the document with its path and the place of its key. Each reader leaves its target as it is, and reports,
/// when the value is of the wrong type or out of bounds; so one load finds every problem.
class Value {
 public:
  Value(const YamlNode& node, Position key, std::string path, Problems& problems)
      : node_(&node), key_(std::move(key)), path_(std::move(path)), problems_(&problems) {}

  const YamlNode& node() const { return *node_; }
  const std::string& path() const { return path_; }
  Problems& problems() const { return *problems_; }
  bool is(YamlNode::Kind kind) const { return node_->kind == kind; }
  bool is_plain(std::string_view text) const { return node_->plain && node_->scalar == text; }

  /// Of the value, or of its key where no value stands.
  const Position& position() const { return is(YamlNode::Kind::null) ? key_ : node_->position; }
  const Position& key_position() const { return key_; }
  void fail(std::string message) const { problems_->add(position(), path_, std::move(message)); }

  /// The scalar's text; reports when there is none. `right` says what belongs here: "a duration such as 30s".
  std::optional<std::string> text(std::string_view right) const;

  void read(bool& target) const;
  void read(std::string& target) const;
  /// Whole numbers without quotes.
  void read(std::uint32_t& target, std::uint32_t least, std::uint32_t most) const;
  /// `shortest` is 0 where "no limit" is allowed.
  void read(std::chrono::milliseconds& target, std::chrono::milliseconds shortest) const;
  /// Whole seconds.
  void read(std::chrono::seconds& target, std::chrono::seconds shortest, std::chrono::seconds longest) const;
  void read(Address& target, AddressUse use, Ports ports = Ports::one) const;

  template <typename Choice>
  void read_choice(Choice& target, std::initializer_list<std::pair<std::string_view, Choice>> choices) const {
    std::vector<std::string_view> names;
    for (const auto& [name, choice] : choices) names.push_back(name);
    if (const std::optional<std::size_t> index = choose(names)) target = (choices.begin() + *index)->second;
  }

  /// A list's items, each at `path.0` or at `path.NAME` where it is a map that has a name.
  std::vector<Value> items() const;

 private:
  std::optional<std::size_t> choose(const std::vector<std::string_view>& names) const;

  const YamlNode* node_;
  Position key_;
  std::string path_;
  Problems* problems_;
};

/// The keys of a map, asked for one by one; finish() then reports those that nobody asked for. A null is an empty map,
/// so that a section may have all its keys commented out.
class MapReader {
 public:
  explicit MapReader(const Value& map);

  std::optional<Value> find(std::string_view key);
  /// Reports when it is missing; `right` says what to write.
  std::optional<Value> require(std::string_view key, std::string_view right);

  template <typename... Arguments>
  void read(std::string_view key, Arguments&&... arguments) {
    if (const std::optional<Value> value = find(key)) value->read(std::forward<Arguments>(arguments)...);
  }

  /// Reports unknown keys and keys that stand twice. `planned` are keys that a later version will know.
  void finish(std::initializer_list<std::string_view> planned = {});

 private:
  Value map_;
  bool usable_ = true;
  std::vector<std::string_view> known_;
};

}  // namespace weir
