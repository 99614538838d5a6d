#include "server/config/yaml_document.hpp"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cstddef>
#include <cstdio>
#include <limits>
#include <memory>
#include <sstream>
#include <utility>

#include "common/printable.hpp"
#include "server/config/yaml_tree_builder.hpp"

namespace weir {
namespace {

using Origin = std::shared_ptr<const std::string>;

/// yaml-cpp replaces bytes that are no UTF-8 and goes on; we report where they are instead.
void check_text(std::string_view text, const Origin& origin) {
  Position position{origin, 1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool control = (byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t') || byte == 127;
    if (length == 0 || control) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "0x%02x", static_cast<unsigned>(byte));
      throw ConfigError(position, std::string("the byte ") + hex + " is not text; a configuration is YAML in UTF-8");
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

/// Where an IPv6 address in brackets with its port begins, as in `[::1]:7000`, which YAML takes for a list.
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

/// The most likely cause of a syntax error on this line.
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

void forget_lines(YamlNode& node) {
  node.position.line = 0;
  node.position.column = 0;
  for (YamlNode& item : node.items) forget_lines(item);
  for (YamlEntry& entry : node.entries) {
    forget_lines(entry.key);
    forget_lines(entry.value);
  }
}

YamlNode parse(std::string_view text, const std::string& origin_name, const YamlTreeBuilder::Bounds& bounds) {
  const auto origin = std::make_shared<const std::string>(origin_name);
  check_text(text, origin);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    YamlTreeBuilder tree(origin, bounds);
    if (!parser.HandleNextDocument(tree)) {
      YamlNode nothing;
      nothing.position = {origin, 0, 0};
      return nothing;
    }
    YamlTreeBuilder second(origin, bounds);
    if (parser.HandleNextDocument(second)) {
      throw ConfigError(second.take_root().position, "a second document begins here; keep one in a file");
    }
    return tree.take_root();
  } catch (const YAML::Exception& error) {
    Position position{origin, 0, 0};
    if (!error.mark.is_null()) position = {origin, error.mark.line + 1, error.mark.column + 1};
    throw ConfigError(position, "not valid YAML: " + error.msg + syntax_hint(line_of(text, position.line)));
  }
}

}  // namespace

YamlNode parse_yaml(std::string_view text, const std::string& origin) { return parse(text, origin, {}); }

YamlNode parse_dump(std::string_view text, const std::string& origin) {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  return parse(text, origin, {kAny, kAny});
}

YamlNode parse_override_value(std::string_view text, const std::string& origin) {
  YamlNode node;
  const bool one_word = text.find_first_of(" ,") == std::string_view::npos;
  // YAML has a list with one empty item for "-", which here means stderr or stdout.
  if (text == "-" || (one_word && !text.ends_with(']') && find_bracketed_address(text) == 0)) {
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
