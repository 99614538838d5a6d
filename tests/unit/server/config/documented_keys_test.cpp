// docs/configuration.md describes every key of config_keys.hpp, and no other. Its tables of keys stand below "## Keys";
// their first column holds keys, their second the default.

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "server/config/yaml_document.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/server/config/key_list.hpp"

namespace weir {
namespace {

/// What stands between backquotes in a cell.
std::vector<std::string> quoted_in(const std::string& cell) {
  static const std::regex quoted("`([^`]*)`");
  std::vector<std::string> found;
  for (std::sregex_iterator at(cell.begin(), cell.end(), quoted), end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

/// The default of each documented key; nothing where its cell holds something else than one value.
using Documented = std::map<std::string, std::optional<std::string>>;

Documented documented_keys(const std::string& page) {
  static const std::regex row("\\| *(.*?) *\\| *(.*?) *\\|.*");
  Documented keys;
  std::istringstream lines(page.substr(page.find("\n## Keys\n") + 1));
  std::string prefix;
  bool table = false;
  std::smatch cells;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ") && line != "## Keys") break;
    if (line.starts_with("### "))
      prefix = line == "### Listeners" ? "listeners.N." : line == "### Upstreams" ? "upstreams.N." : "";
    table = line.starts_with("| key |") || (table && line.starts_with("|"));
    if (!table || !std::regex_match(line, cells, row)) continue;
    const std::string value = cells[2];
    const std::vector<std::string> values = quoted_in(value);
    for (const std::string& key : quoted_in(cells[1])) {
      const bool alone = values.size() == 1 && values[0].size() + 2 == value.size();
      EXPECT_TRUE(keys.emplace(prefix + key, alone ? std::optional(values[0]) : std::nullopt).second)
          << prefix + key << " is described twice";
    }
  }
  return keys;
}

Documented documentation() {
  return documented_keys(test::read_file((test::source_folder() / "docs" / "configuration.md").string()));
}

/// The values of config/reference.yaml, which shows the defaults; of a key that stands there twice the first.
void collect_values(const YamlNode& node, const std::string& prefix, std::map<std::string, std::string>& values) {
  for (const YamlNode& item : node.items) collect_values(item, prefix + "N.", values);
  for (const auto& [key, value] : node.entries) {
    const bool text = value.kind == YamlNode::Kind::scalar;
    const bool list = value.kind == YamlNode::Kind::sequence && value.items.empty();
    if (text) values.emplace(prefix + key.scalar, value.plain ? value.scalar : "\"" + value.scalar + "\"");
    if (list) values.emplace(prefix + key.scalar, "[]");
    collect_values(value, prefix + key.scalar + ".", values);
  }
}

TEST(DocumentedKeys, AreAllThatHaveAValueAndNoOthers) {
  std::set<std::string> known;
  std::vector<std::string> missing;
  const Documented documented = documentation();
  for (const test::KeyInfo& key : test::KeyList::all()) {
    known.insert(key.path);
    if (!key.section && !documented.contains(key.path)) missing.push_back(key.path);
  }
  EXPECT_THAT(missing, ::testing::IsEmpty());
  std::vector<std::string> unknown;
  for (const auto& [key, value] : documented) {
    if (!known.contains(key)) unknown.push_back(key);
  }
  EXPECT_THAT(unknown, ::testing::IsEmpty());
}

TEST(DocumentedKeys, HaveTheDefaultsOfTheReference) {
  std::map<std::string, std::string> reference;
  collect_values(
      parse_yaml(test::read_file((test::source_folder() / "config" / "reference.yaml").string()), "reference"), "",
      reference);
  std::size_t compared = 0;
  for (const auto& [key, value] : documentation()) {
    if (!value) continue;
    EXPECT_EQ(reference[key], *value) << key;
    ++compared;
  }
  EXPECT_GT(compared, 50u);
}

}  // namespace
}  // namespace weir
