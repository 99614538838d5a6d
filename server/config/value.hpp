#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/config_problem.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// A value of the document with its path and the place of its key. What is wrong with it is reported and reading goes
/// on, so that one load finds every problem.
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

  /// A list's items, or the value itself where it is none: `bind: A` is worth `bind: [A]`.
  std::vector<Value> items_or_self() const {
    return is(YamlNode::Kind::sequence) ? items() : std::vector<Value>{*this};
  }

  /// A list's items, each at `path.0` or at `path.NAME` where it is a map that has a name.
  std::vector<Value> items() const;

 private:
  const YamlNode* node_;
  Position key_;
  std::string path_;
  Problems* problems_;
};

/// `path.key`, or `key` alone at the top.
std::string join_path(const std::string& path, std::string_view key);

/// "trace, debug or info".
std::string any_of_these(std::span<const std::string_view> choices);

/// A key as paths show it: what is not printable is escaped.
std::string key_text(std::string_view key);

}  // namespace weir
