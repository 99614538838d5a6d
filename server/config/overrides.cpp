#include "server/config/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "server/config/all_keys.hpp"
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

constexpr std::string_view kVariablePrefix = "WEIR_SET_";

/// As a variable has it: letters in lower case, and an underscore for whatever the name of a variable cannot hold.
std::string as_in_variable(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!kept) c = '_';
  }
  return plain;
}

/// Whether the rest of a variable begins with this name, as a whole.
bool begins_with(std::string_view rest, std::string_view name) {
  return !name.empty() && rest.starts_with(name) && (rest.size() == name.size() || rest[name.size()] == '_');
}

bool begins_with_key(std::string_view rest) {
  return std::any_of(all_keys().begin(), all_keys().end(),
                     [rest](const std::string& key) { return begins_with(rest, key); });
}

/// An item whose name, or index, may be what the rest of a variable begins with.
struct Candidate {
  std::size_t index;
  std::size_t length;  ///< of the name

  /// What comes after the name.
  std::string_view after(std::string_view rest) const { return rest.substr(std::min(length + 1, rest.size())); }
  /// Whether that is a key, or nothing where the whole item is set.
  bool leads_on(std::string_view rest) const { return after(rest).empty() || begins_with_key(after(rest)); }
};

/// Those that lead to a key, or else those of the longest name, at which the reader will find no key.
std::vector<Candidate> candidates_of(YamlNode& list, std::string_view rest) {
  std::vector<Candidate> found;
  for (std::size_t index = 0; index < list.items.size(); ++index) {
    const std::string name = as_in_variable(name_of(list.items[index]));
    if (begins_with(rest, name)) found.push_back({index, name.size()});
  }
  const bool any = std::any_of(found.begin(), found.end(), [rest](const Candidate& one) { return one.leads_on(rest); });
  std::size_t longest = 0;
  for (const Candidate& one : found) longest = std::max(longest, one.length);
  std::erase_if(found, [&](const Candidate& one) { return any ? !one.leads_on(rest) : one.length < longest; });
  return found;
}

[[noreturn]] void refuse_unclear(YamlNode& list, std::string_view before, std::string_view rest, const Candidate& one,
                                 const Candidate& other) {
  const auto by_index = [&](const Candidate& meant) {
    const std::string_view after = meant.after(rest);
    return fmt::format("{}{}{}{}", before, meant.index, after.empty() ? "" : "_", after);
  };
  throw std::invalid_argument(fmt::format("may mean {} or {}; say the index instead: {} or {}",
                                          in_quotes(name_of(list.items[one.index])),
                                          in_quotes(name_of(list.items[other.index])), by_index(one), by_index(other)));
}

/// Takes the item's index off the rest: that of its name, or of the number itself. `before` is what the variable has
/// before the rest. Throws std::invalid_argument where there is no such item, or more than one.
std::size_t take_item(YamlNode& list, std::string_view before, std::string_view& rest) {
  std::vector<Candidate> found = candidates_of(list, rest);
  if (found.size() > 1) refuse_unclear(list, before, rest, found[0], found[1]);
  if (found.empty()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    const auto length = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc{} || !begins_with(rest, rest.substr(0, length)) || index >= list.items.size()) {
      throw std::invalid_argument(no_such_item(list, std::string(rest)));
    }
    found.push_back({index, length});
  }
  rest.remove_prefix(found.front().length);
  return found.front().index;
}

/// Takes a key off the rest: the longest that any section has, or else the next word, which the reader will not know.
std::string take_key(std::string_view& rest) {
  std::string_view longest;
  for (const std::string& key : all_keys()) {
    if (begins_with(rest, key) && key.size() > longest.size()) longest = key;
  }
  const std::string key(longest.empty() ? rest.substr(0, rest.find('_')) : longest);
  rest.remove_prefix(key.size());
  return key;
}

/// The path that a variable means in this configuration. Throws std::invalid_argument where there is none.
std::string path_of_variable(YamlNode& root, const std::string& variable) {
  const std::string name = as_in_variable(std::string_view(variable).substr(kVariablePrefix.size()));
  std::string_view rest = name;
  std::string path;
  for (YamlNode* node = &root;;) {
    if (rest.empty() || rest[0] == '_') {
      throw std::invalid_argument("names no key; write WEIR_SET_path_to_key=value");
    }
    std::string segment;
    if (node != nullptr && node->kind == YamlNode::Kind::sequence) {
      const std::size_t index =
          take_item(*node, std::string_view(variable).substr(0, variable.size() - rest.size()), rest);
      node = &node->items[index];
      segment = std::to_string(index);
    } else {
      segment = take_key(rest);
      YamlEntry* entry = node == nullptr ? nullptr : node->find(segment);
      node = entry == nullptr ? nullptr : &entry->value;
    }
    path += (path.empty() ? "" : ".") + segment;
    if (rest.empty()) return path;
    rest.remove_prefix(1);
  }
}

}  // namespace

std::vector<Override> environment_overrides(const char* const* environment) {
  std::vector<Override> overrides;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    overrides.push_back({"", std::string(entry.substr(equals + 1)), std::string(entry.substr(0, equals))});
  }
  // A list is set before what is in it.
  std::sort(overrides.begin(), overrides.end(), [](const Override& one, const Override& other) {
    return as_in_variable(one.variable) < as_in_variable(other.variable);
  });
  return overrides;
}

void apply_override(YamlNode& root, const Override& override, Problems& problems) {
  const std::string origin = override.variable.empty() ? "--set " + override.path : override.variable;
  const Position position{std::make_shared<const std::string>(origin), 0, 0};
  const auto fail = [&](std::string message) { problems.add(position, override.path, std::move(message)); };

  std::vector<std::string> path;
  try {
    path = split(override.variable.empty() ? override.path : path_of_variable(root, override.variable));
  } catch (const std::invalid_argument& error) {
    return fail(error.what());
  }
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
