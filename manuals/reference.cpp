#include "manuals/reference.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>

#include "server/config/yaml_document.hpp"

namespace weir::manuals {
namespace {

/// A comment's text, without its sign and one blank.
std::string uncommented(const std::string& line) {
  const std::size_t at = line.find('#') + 1;
  return line.substr(at < line.size() && line[at] == ' ' ? at + 1 : at);
}

bool is_comment(const std::string& line) {
  const std::size_t at = line.find_first_not_of(' ');
  return at != std::string::npos && line[at] == '#';
}

class ReferenceReader {
 public:
  explicit ReferenceReader(const std::string& text) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines_.push_back(line);
    for (const std::string& line : lines_) {
      if (!is_comment(line)) break;
      found_.preamble.push_back(uncommented(line));
    }
    walk(parse_yaml(text, "reference"), "");
  }

  Reference found() && { return std::move(found_); }

 private:
  void walk(const YamlNode& node, const std::string& prefix) {
    for (const YamlNode& item : node.items) walk(item, prefix + "N.");
    for (const YamlEntry& entry : node.entries) {
      const std::string path = prefix + entry.key.scalar;
      const bool known =
          std::any_of(found_.keys.begin(), found_.keys.end(), [&path](const auto& key) { return key.path == path; });
      if (!known) found_.keys.push_back({path, value_at(entry.key), comment_above(entry.key)});
      walk(entry.value, path + ".");
    }
  }

  std::string value_at(const YamlNode& key) const {
    const std::string& line = lines_.at(static_cast<std::size_t>(key.position.line) - 1);
    const std::size_t colon = line.find(':', static_cast<std::size_t>(key.position.column) - 1);
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }

  std::string comment_above(const YamlNode& key) const {
    std::string text;
    for (std::size_t at = static_cast<std::size_t>(key.position.line) - 1; at > 0 && is_comment(lines_[at - 1]); --at) {
      const std::string line = uncommented(lines_[at - 1]);
      text.insert(0, text.empty() ? line : line + " ");
    }
    return text;
  }

  std::vector<std::string> lines_;
  Reference found_;
};

}  // namespace

Reference read_reference(const std::string& text) { return ReferenceReader(text).found(); }

}  // namespace weir::manuals
