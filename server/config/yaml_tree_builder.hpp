#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/printable.hpp"
#include "server/config/config_problem.hpp"
#include "server/config/yaml_node.hpp"

namespace weir {

/// Builds the tree from yaml-cpp's events, so that no alias is expanded before its cost is known. (YAML::Node would
/// share aliased nodes, lose the positions of keys, and leave the cost of the expansion to whoever walks the tree.)
class YamlTreeBuilder final : public YAML::EventHandler {
 public:
  /// What a document may cost once its aliases are expanded; checked while it is read, before anything is copied.
  struct Bounds {
    std::size_t nodes = 100'000;
    std::size_t bytes = 8u << 20;
  };
  static constexpr std::size_t kMostDepth = 32;

  YamlTreeBuilder(std::shared_ptr<const std::string> origin, const Bounds& bounds)
      : origin_(std::move(origin)), bounds_(bounds) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.position = place(mark);
    add(std::move(node), anchor, Weight{1, 0});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.position = place(mark);
    node.scalar = value;
    node.plain = tag != "!";
    add(std::move(node), anchor, Weight{1, value.size()});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw ConfigError(place(mark), "the alias stands inside what it refers to");
    charge(place(mark), found->second.weight);
    add_charged(YamlNode(found->second.node), found->second.weight);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  /// Nodes and bytes of a subtree with its aliases expanded.
  struct Weight {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };
  struct Frame {
    YamlNode node;
    std::optional<YamlNode> key;  ///< of the map entry whose value comes next
    YAML::anchor_t anchor = 0;
    Weight weight{1, 0};
  };
  struct Anchored {
    YamlNode node;
    Weight weight;
  };

  Position place(const YAML::Mark& mark) const {
    return mark.is_null() ? Position{origin_} : Position{origin_, mark.line + 1, mark.column + 1};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw ConfigError(place(mark), "the tag " + in_quotes(tag) + " has no meaning here; remove it");
  }

  void charge(const Position& position, const Weight& weight) {
    // Each weight was itself accepted here, so the sums cannot overflow.
    if (total_.nodes + weight.nodes > bounds_.nodes || total_.bytes + weight.bytes > bounds_.bytes) {
      throw ConfigError(position, "the document holds more than " + std::to_string(bounds_.nodes) + " values or " +
                                      std::to_string(bounds_.bytes >> 20) + " MiB once its aliases are expanded");
    }
    total_.nodes += weight.nodes;
    total_.bytes += weight.bytes;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check_tag(mark, tag);
    charge(place(mark), Weight{1, 0});
    if (frames_.size() >= kMostDepth) {
      throw ConfigError(place(mark), "the document is nested deeper than " + std::to_string(kMostDepth) + " levels");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.position = place(mark);
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    remember(frame.anchor, frame.node, frame.weight);
    add_charged(std::move(frame.node), frame.weight);
  }

  void add(YamlNode node, YAML::anchor_t anchor, const Weight& weight) {
    charge(node.position, weight);
    remember(anchor, node, weight);
    add_charged(std::move(node), weight);
  }

  void remember(YAML::anchor_t anchor, const YamlNode& node, const Weight& weight) {
    if (anchor == 0) return;
    charge(node.position, weight);  // the copy that is kept for later aliases
    anchors_.insert_or_assign(anchor, Anchored{node, weight});
  }

  void add_charged(YamlNode node, const Weight& weight) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    frame.weight.nodes += weight.nodes;
    frame.weight.bytes += weight.bytes;
    if (frame.node.kind == YamlNode::Kind::sequence) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      frame.node.entries.push_back({std::move(*frame.key), std::move(node)});
      frame.key.reset();
    }
  }

  std::shared_ptr<const std::string> origin_;
  Bounds bounds_;
  YamlNode root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Weight total_;
};

}  // namespace weir
