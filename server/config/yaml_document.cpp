#include "server/config/yaml_document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "common/printable.hpp"

namespace weir {
namespace {

using Origin = std::shared_ptr<const std::string>;

[[noreturn]] void refuse(const Position& position, std::string message) {
  throw ConfigError({{*position.origin, position.line, position.column, "", std::move(message)}});
}

/// Nodes and bytes of a subtree with its aliases expanded.
struct Weight {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

/// Builds the tree from yaml-cpp's events, so that no alias is expanded before its cost is known. (YAML::Node would
/// share aliased nodes, lose the place of keys, and let whoever walks the tree pay for the expansion.)
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Origin origin) : origin_(std::move(origin)) {}

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
    if (found == anchors_.end()) refuse(place(mark), "the alias stands inside what it refers to");
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
    refuse(place(mark), "the tag " + in_quotes(tag) + " has no meaning here; remove it");
  }

  void charge(const Position& position, const Weight& weight) {
    // Each weight was itself accepted here, so the sums cannot overflow.
    if (total_.nodes + weight.nodes > kMostYamlNodes || total_.bytes + weight.bytes > kMostYamlBytes) {
      refuse(position, "the document holds more than " + std::to_string(kMostYamlNodes) + " values or " +
                           std::to_string(kMostYamlBytes >> 20) + " MiB once its aliases are expanded");
    }
    total_.nodes += weight.nodes;
    total_.bytes += weight.bytes;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check_tag(mark, tag);
    charge(place(mark), Weight{1, 0});
    if (frames_.size() >= kMostYamlDepth) {
      refuse(place(mark), "the document is nested deeper than " + std::to_string(kMostYamlDepth) + " levels");
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

  Origin origin_;
  YamlNode root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Weight total_;
};

/// yaml-cpp replaces what is no UTF-8 and goes on; we would rather say where it is.
void check_text(std::string_view text, const Origin& origin) {
  Position position{origin, 1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool control = (byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t') || byte == 127;
    if (length == 0 || control) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "0x%02x", static_cast<unsigned>(byte));
      refuse(position, std::string("the byte ") + hex + " is no text; a configuration is YAML in UTF-8");
    }
    if (byte == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
    at += length;
  }
}

std::string_view line_of(std::string_view text, int line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// Where an IPv6 address in brackets with its port begins, as in `[::1]:7000`; YAML takes it for a list.
std::size_t find_bracketed_address(std::string_view text) {
  for (std::size_t open = text.find('['); open != std::string_view::npos; open = text.find('[', open + 1)) {
    const std::size_t close = text.find_first_of(" ,[]{}", open + 1);
    if (close == std::string_view::npos || text[close] != ']') continue;
    const std::string_view port = text.substr(close + 1, 2);
    const bool has_port = port.size() == 2 && port[0] == ':' && port[1] >= '0' && port[1] <= '9';
    if (has_port && text.substr(open, close - open).find(':') != std::string_view::npos) return open;
  }
  return std::string_view::npos;
}

/// What most often stands behind a syntax error on this line.
std::string syntax_hint(std::string_view line) {
  const std::string_view start = line.substr(0, 200);
  if (find_bracketed_address(start) != std::string_view::npos) {
    return "; an IPv6 address needs quotes, \"[::1]:7000\"";
  }
  if (start.substr(0, start.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return "; YAML is indented with blanks, not with tabs";
  }
  return "";
}

}  // namespace

const char* YamlNode::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "text";
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

YamlEntry* YamlNode::find(std::string_view key) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& entry) {
    return entry.key.kind == Kind::scalar && entry.key.scalar == key;
  });
  return found == entries.end() ? nullptr : &*found;
}

YamlNode parse_yaml(std::string_view text, const std::string& origin_name) {
  const auto origin = std::make_shared<const std::string>(origin_name);
  check_text(text, origin);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder tree(origin);
    if (!parser.HandleNextDocument(tree)) {
      YamlNode nothing;
      nothing.position = {origin, 0, 0};
      return nothing;
    }
    TreeBuilder second(origin);
    if (parser.HandleNextDocument(second)) {
      refuse(second.take_root().position, "a second document begins here; keep one in a file");
    }
    return tree.take_root();
  } catch (const YAML::Exception& error) {
    Position position{origin, 0, 0};
    if (!error.mark.is_null()) position = {origin, error.mark.line + 1, error.mark.column + 1};
    refuse(position, "not valid YAML: " + error.msg + syntax_hint(line_of(text, position.line)));
  }
}

namespace {

void forget_lines(YamlNode& node) {
  node.position.line = 0;
  node.position.column = 0;
  for (YamlNode& item : node.items) forget_lines(item);
  for (YamlEntry& entry : node.entries) {
    forget_lines(entry.key);
    forget_lines(entry.value);
  }
}

}  // namespace

YamlNode parse_override_value(std::string_view text, const std::string& origin) {
  YamlNode node;
  const bool one_word = text.find_first_of(" ,") == std::string_view::npos;
  if (one_word && !text.ends_with(']') && find_bracketed_address(text) == 0) {
    node.kind = YamlNode::Kind::scalar;
    node.scalar = text;
    node.position.origin = std::make_shared<const std::string>(origin);
    return node;
  }
  try {
    node = parse_yaml(text, origin);
  } catch (const ConfigError& error) {
    ConfigProblem problem = error.problems().front();
    problem.line = 0;
    problem.column = 0;
    throw ConfigError({problem});
  }
  forget_lines(node);
  return node;
}

}  // namespace weir
