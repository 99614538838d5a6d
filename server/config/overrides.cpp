#include "server/config/overrides.hpp"

#include <charconv>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {
namespace {

using Segments = std::span<const std::string>;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  for (;;) {
    const std::size_t dot = path.find('.');
    segments.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return segments;
    path.remove_prefix(dot + 1);
  }
}

std::string_view name_of(YamlNode& item) {
  const YamlEntry* entry = item.find("name");
  return entry == nullptr ? std::string_view() : std::string_view(entry->value.scalar);
}

/// The item that the first segments name, and the number of these segments: a name may hold dots, and the longest wins.
std::pair<YamlNode*, std::size_t> find_item(YamlNode& list, Segments segments) {
  for (std::size_t length = segments.size(); length > 0; --length) {
    std::string name = segments[0];
    for (const std::string& segment : segments.subspan(1, length - 1)) name += "." + segment;
    for (YamlNode& item : list.items) {
      if (!name.empty() && name_of(item) == name) return {&item, length};
    }
  }
  const std::string& first = segments[0];
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), index);
  const bool number = error == std::errc{} && end == first.data() + first.size();
  if (number && index < list.items.size()) return {&list.items[index], 1};
  return {nullptr, 0};
}

std::string no_such_item(YamlNode& list, const std::string& wanted) {
  std::vector<std::string_view> names;
  for (YamlNode& item : list.items) {
    if (!name_of(item).empty()) names.push_back(name_of(item));
  }
  std::string text = "no item " + in_quotes(wanted) + " here; ";
  if (!names.empty()) return text + name_hint(wanted, names);
  if (list.items.empty()) return text + "the list is empty";
  return text + "items are numbered from 0 to " + std::to_string(list.items.size() - 1);
}

}  // namespace

void apply_override(YamlNode& root, const Override& override, Problems& problems) {
  const std::string origin = "--set " + override.path;
  const Position position{std::make_shared<const std::string>(origin), 0, 0};
  const auto fail = [&](std::string message) { problems.add(position, override.path, std::move(message)); };

  const std::vector<std::string> path = split(override.path);
  for (const std::string& segment : path) {
    if (segment.empty()) return fail("is not a path; write --set path.to.key=value");
  }
  YamlNode value;
  try {
    value = parse_override_value(override.value, origin);
  } catch (const ConfigError& error) {
    return fail(error.problems().front().message);
  }

  YamlNode* node = &root;
  YamlNode* key = nullptr;
  for (Segments rest = path; !rest.empty();) {
    if (node->kind == YamlNode::Kind::sequence) {
      const auto [item, length] = find_item(*node, rest);
      if (item == nullptr) return fail(no_such_item(*node, rest[0]));
      node = item;
      key = nullptr;
      rest = rest.subspan(length);
      continue;
    }
    if (node->kind == YamlNode::Kind::scalar) {
      return fail("there is no " + in_quotes(rest[0]) + " in the text " + in_quotes(node->scalar));
    }
    node->kind = YamlNode::Kind::map;
    if (!node->position.origin) node->position = position;
    YamlEntry* entry = node->find(rest[0]);
    if (entry == nullptr) {
      YamlEntry fresh;
      fresh.key.kind = YamlNode::Kind::scalar;
      fresh.key.scalar = rest[0];
      fresh.key.position = position;
      fresh.value.position = position;
      node->entries.push_back(std::move(fresh));
      entry = &node->entries.back();
    }
    node = &entry->value;
    key = &entry->key;
    rest = rest.subspan(1);
  }
  *node = std::move(value);
  // A value that is null has no place of its own and is reported at its key.
  if (key != nullptr) key->position = position;
}

}  // namespace weir
