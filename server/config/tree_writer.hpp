#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/yaml_node.hpp"

namespace weir {

/// Builds the tree of an effective configuration: what the kinds of keys dump their values to. Its nodes have no
/// positions, because nobody wrote them.
class TreeWriter {
 public:
  TreeWriter() = default;
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  /// Of the value that comes next, in a map.
  void key(std::string_view name);
  /// A word or a number, which is written as it is.
  void plain(std::string value);
  /// Text that may be anything, and stands in quotes.
  void text(std::string value);

  void begin_map() { open(YamlNode::Kind::map, false); }
  void begin_list() { open(YamlNode::Kind::sequence, false); }
  /// A list that is written in one line.
  void begin_flow_list() { open(YamlNode::Kind::sequence, true); }
  /// Ends the map or the list that began last.
  void end() { open_.pop_back(); }

  /// Once everything that began has ended.
  YamlNode take_root() { return std::move(root_); }

 private:
  YamlNode& add(YamlNode::Kind kind);
  void open(YamlNode::Kind kind, bool flow);

  YamlNode root_;
  std::vector<YamlNode*> open_;  ///< a node does not move while one below it is open
};

}  // namespace weir
