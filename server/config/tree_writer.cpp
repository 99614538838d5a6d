#include "server/config/tree_writer.hpp"

namespace weir {

void TreeWriter::key(std::string_view name) {
  YamlNode& key = open_.back()->entries.emplace_back().key;
  key.kind = YamlNode::Kind::scalar;
  key.scalar = name;
  key.plain = true;
}

void TreeWriter::plain(std::string value) {
  YamlNode& node = add(YamlNode::Kind::scalar);
  node.scalar = std::move(value);
  node.plain = true;
}

void TreeWriter::text(std::string value) { add(YamlNode::Kind::scalar).scalar = std::move(value); }

void TreeWriter::open(YamlNode::Kind kind, bool flow) {
  YamlNode& node = add(kind);
  node.flow = flow;
  open_.push_back(&node);
}

/// Where the next value goes.
YamlNode& TreeWriter::add(YamlNode::Kind kind) {
  YamlNode* node = &root_;
  if (!open_.empty()) {
    YamlNode& around = *open_.back();
    node = around.kind == YamlNode::Kind::map ? &around.entries.back().value : &around.items.emplace_back();
  }
  node->kind = kind;
  return *node;
}

}  // namespace weir
