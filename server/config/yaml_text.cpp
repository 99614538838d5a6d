#include "server/config/yaml_text.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/printable.hpp"

namespace weir {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kIndent = 2;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// A control character of one byte, as YAML escapes it.
void write_control(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
  }
}

/// Text in quotes. What is beyond ASCII and cannot be seen is escaped: the control characters of C1, the no-break space
/// and the byte order mark.
void write_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += kReplacement;
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += text.front();
    } else if (first < ' ' || first == 0x7f) {
      write_control(out, first);
    } else if (first == 0xc2 && static_cast<unsigned char>(text[1]) <= 0xa0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[1]));
    } else if (character == "\xef\xbb\xbf") {
      out += "\\ufeff";
    } else {
      out += character;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void write_in_line(std::string& out, const YamlNode& node) {
  if (node.kind == Kind::null) {
    out += '~';
  } else if (node.kind == Kind::scalar && node.plain) {
    out += node.scalar;
  } else if (node.kind == Kind::scalar) {
    write_quoted(out, node.scalar);
  } else if (node.kind == Kind::map) {
    out += "{}";
  } else {
    out += '[';
    for (const YamlNode& item : node.items) {
      if (&item != &node.items.front()) out += ", ";
      write_in_line(out, item);
    }
    out += ']';
  }
}

bool is_in_line(const YamlNode& node) {
  if (node.kind == Kind::map) return false;
  return node.kind != Kind::sequence || node.flow;
}

/// Ends without a line's end. The first line is indented already.
void write_lines(std::string& out, const YamlNode& node, std::size_t indent) {
  if (is_in_line(node) || (node.items.empty() && node.entries.empty())) return write_in_line(out, node);
  bool first = true;
  const auto begin_line = [&] {
    if (!std::exchange(first, false)) out.append(1, '\n').append(indent, ' ');
  };
  for (const YamlNode& item : node.items) {
    begin_line();
    out += "- ";
    write_lines(out, item, indent + kIndent);
  }
  for (const YamlEntry& entry : node.entries) {
    begin_line();
    write_in_line(out, entry.key);
    out += ':';
    if (is_in_line(entry.value)) {
      out += ' ';
      write_in_line(out, entry.value);
      continue;
    }
    out.append(1, '\n').append(indent + kIndent, ' ');
    write_lines(out, entry.value, indent + kIndent);
  }
}

}  // namespace

std::string yaml_text(const YamlNode& root) {
  std::string out;
  write_lines(out, root, 0);
  return out + "\n";
}

}  // namespace weir
