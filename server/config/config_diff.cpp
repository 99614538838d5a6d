#include "server/config/config_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/address.hpp"
#include "common/printable.hpp"
#include "server/config/config_tree.hpp"
#include "server/config/yaml_document.hpp"

namespace weir {
namespace {

using Kind = YamlNode::Kind;

constexpr const char* kAbsent = "absent";

/// Lists that are tried from the first to the last.
constexpr std::array<std::string_view, 2> kOrdered{"dns.servers", "tls.alpn"};

/// Keys that a running daemon cannot change, and what to do instead.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kFixed{
    {{"workers", "restart or upgrade the daemon"}, {"relay.splice", "restart or upgrade the daemon"}}};

const YamlNode* find(const YamlNode& map, std::string_view key) {
  for (const YamlEntry& entry : map.entries) {
    if (entry.key.scalar == key) return &entry.value;
  }
  return nullptr;
}

/// The text at a key, or nothing.
std::string scalar_at(const YamlNode& map, std::string_view key) {
  const YamlNode* const value = find(map, key);
  return value == nullptr ? std::string() : value->scalar;
}

std::string text_of(const YamlNode* node) {
  if (node == nullptr || node->kind == Kind::null) return kAbsent;
  if (node->kind == Kind::scalar) return node->scalar.empty() ? "\"\"" : terminal_text(node->scalar);
  std::string text;
  const auto add = [&](const std::string& item) { text += (text.empty() ? "" : ", ") + item; };
  for (const YamlNode& item : node->items) add(text_of(&item));
  for (const YamlEntry& entry : node->entries) add(text_of(&entry.key) + ": " + text_of(&entry.value));
  return node->kind == Kind::map ? "{" + text + "}" : "[" + text + "]";
}

bool same(const YamlNode& one, const YamlNode& other) {
  const auto same_entry = [](const YamlEntry& a, const YamlEntry& b) {
    return same(a.key, b.key) && same(a.value, b.value);
  };
  return one.kind == other.kind && one.scalar == other.scalar &&
         std::equal(one.items.begin(), one.items.end(), other.items.begin(), other.items.end(), same) &&
         std::equal(one.entries.begin(), one.entries.end(), other.entries.begin(), other.entries.end(), same_entry);
}

/// Such a list is tried from the first to the last.
bool holds_sections(const YamlNode& list) {
  return std::any_of(list.items.begin(), list.items.end(), [](const YamlNode& item) { return item.kind == Kind::map; });
}

std::vector<std::string> sorted_items(const YamlNode& list) {
  std::vector<std::string> items;
  for (const YamlNode& item : list.items) items.push_back(item.scalar);
  std::sort(items.begin(), items.end());
  return items;
}

/// What the first has and the second has not, fit for a terminal; both are sorted.
std::vector<std::string> without(const std::vector<std::string>& items, const std::vector<std::string>& others) {
  std::vector<std::string> left;
  std::set_difference(items.begin(), items.end(), others.begin(), others.end(), std::back_inserter(left));
  for (std::string& item : left) item = terminal_text(item);
  return left;
}

/// Compares two sections key by key, and all below them.
class Sections {
 public:
  /// `apart` are keys of the sections themselves that somebody else compares.
  static std::vector<KeyChange> compare(const YamlNode& before, const YamlNode& after,
                                        std::initializer_list<std::string_view> apart) {
    Sections sections;
    sections.compare_keys(before, after, "", apart);
    return std::move(sections.changes_);
  }

 private:
  void compare_keys(const YamlNode& before, const YamlNode& after, const std::string& prefix,
                    std::initializer_list<std::string_view> apart = {}) {
    const auto skipped = [&](const std::string& key) {
      return std::find(apart.begin(), apart.end(), key) != apart.end();
    };
    for (const YamlEntry& entry : before.entries) {
      const std::string& key = entry.key.scalar;
      if (!skipped(key)) compare_value(&entry.value, find(after, key), prefix + key);
    }
    for (const YamlEntry& entry : after.entries) {
      const std::string& key = entry.key.scalar;
      if (!skipped(key) && find(before, key) == nullptr) compare_value(nullptr, &entry.value, prefix + key);
    }
  }

  void compare_value(const YamlNode* before, const YamlNode* after, const std::string& path) {
    const bool both = before != nullptr && after != nullptr && before->kind == after->kind;
    if (both && before->kind == Kind::map) return compare_keys(*before, *after, path + ".");
    if (both && holds_sections(*before) && holds_sections(*after) && before->items.size() == after->items.size()) {
      for (std::size_t at = 0; at < before->items.size(); ++at) {
        compare_keys(before->items[at], after->items[at], fmt::format("{}.{}.", path, at));
      }
      return;
    }
    const bool ordered = std::find(kOrdered.begin(), kOrdered.end(), path) != kOrdered.end() ||
                         (both && (holds_sections(*before) || holds_sections(*after)));
    if (both && before->kind == Kind::sequence && !ordered) {
      const std::vector<std::string> old_items = sorted_items(*before);
      const std::vector<std::string> new_items = sorted_items(*after);
      if (old_items == new_items) return;
      changes_.push_back({terminal_text(path), "", "", without(new_items, old_items), without(old_items, new_items)});
      return;
    }
    if (both && same(*before, *after)) return;
    changes_.push_back({terminal_text(path), text_of(before), text_of(after)});
  }

  std::vector<KeyChange> changes_;
};

/// Each address and port that a listener binds, sorted.
std::vector<std::string> binds_of(const YamlNode& listener) {
  std::vector<std::string> binds;
  const YamlNode* const bind = find(listener, "bind");
  if (bind == nullptr) return binds;
  for (const YamlNode& item : bind->items) {
    try {
      const Address address = parse_address(item.scalar, AddressUse::bind, Ports::range);
      for (std::uint16_t at = 0; at < address.port_count; ++at) binds.push_back(address.at(at).to_string());
    } catch (const std::invalid_argument&) {
      binds.push_back(item.scalar);  // of another version
    }
  }
  std::sort(binds.begin(), binds.end());
  return binds;
}

/// As make_entries() names it.
std::string target_of(const YamlNode& backend) {
  const std::string name = scalar_at(backend, "dns");
  if (name.empty()) return scalar_at(backend, "address");
  const std::string record = scalar_at(backend, "record");
  return record + " " + name + (record == "srv" ? ":0" : "");
}

/// The items of a list by what tells them apart.
template <typename Key>
struct Items {
  std::vector<std::pair<Key, const YamlNode*>> in_order;
  std::map<Key, const YamlNode*> by_key;

  void add(Key key, const YamlNode& item) {
    in_order.emplace_back(key, &item);
    by_key.emplace(std::move(key), &item);
  }
  const YamlNode* find(const Key& key) const {
    const auto found = by_key.find(key);
    return found == by_key.end() ? nullptr : found->second;
  }
};

Items<std::string> named_items(const YamlNode& root, std::string_view list) {
  Items<std::string> items;
  const YamlNode* const node = find(root, list);
  if (node == nullptr) return items;
  for (const YamlNode& item : node->items) items.add(scalar_at(item, "name"), item);
  return items;
}

using Place = std::pair<std::string, std::size_t>;  ///< as in BackendKey

Items<Place> backends_of(const YamlNode& upstream) {
  Items<Place> items;
  std::map<std::string, std::size_t> seen;
  const YamlNode* const servers = find(upstream, "servers");
  if (servers == nullptr) return items;
  for (const YamlNode& item : servers->items) {
    const std::string target = target_of(item);
    items.add({target, seen[target]++}, item);
  }
  return items;
}

const YamlNode& nothing() {
  static const YamlNode node;
  return node;
}

/// Tells each item of either list with what it was and what it becomes; one of them is nothing where it is added or
/// removed.
template <typename Key, typename Tell>
void compare_items(const Items<Key>& before, const Items<Key>& after, Tell tell) {
  for (const auto& [key, item] : before.in_order) {
    const YamlNode* const next = after.find(key);
    if (next == nullptr) {
      tell(key, ItemChange::removed, *item, nothing());
    } else {
      tell(key, ItemChange::changed, *item, *next);
    }
  }
  for (const auto& [key, item] : after.in_order) {
    if (before.find(key) == nullptr) tell(key, ItemChange::added, nothing(), *item);
  }
}

std::vector<ListenerDiff> compare_listeners(const YamlNode& running, const YamlNode& next) {
  std::vector<ListenerDiff> diffs;
  compare_items(named_items(running, "listeners"), named_items(next, "listeners"),
                [&](const std::string& name, ItemChange change, const YamlNode& before, const YamlNode& after) {
                  const std::vector<std::string> old_binds = binds_of(before);
                  const std::vector<std::string> new_binds = binds_of(after);
                  ListenerDiff diff{name, change, {}, without(new_binds, old_binds), without(old_binds, new_binds)};
                  if (change == ItemChange::changed) {
                    diff.keys = Sections::compare(before, after, {"name", "bind"});
                    if (diff.keys.empty() && diff.opened.empty() && diff.closed.empty()) return;
                  }
                  diffs.push_back(std::move(diff));
                });
  return diffs;
}

std::vector<BackendDiff> compare_backends(const YamlNode& running, const YamlNode& next) {
  std::vector<BackendDiff> diffs;
  compare_items(backends_of(running), backends_of(next),
                [&](const Place& place, ItemChange change, const YamlNode& before, const YamlNode& after) {
                  BackendDiff diff{place.first, place.second, change, {}};
                  if (change == ItemChange::changed) {
                    diff.keys = Sections::compare(before, after, {"address", "dns", "record"});
                    if (diff.keys.empty()) return;
                  }
                  diffs.push_back(std::move(diff));
                });
  return diffs;
}

std::vector<UpstreamDiff> compare_upstreams(const YamlNode& running, const YamlNode& next) {
  std::vector<UpstreamDiff> diffs;
  compare_items(named_items(running, "upstreams"), named_items(next, "upstreams"),
                [&](const std::string& name, ItemChange change, const YamlNode& before, const YamlNode& after) {
                  UpstreamDiff diff{name, change, {}, compare_backends(before, after)};
                  if (change == ItemChange::changed) {
                    diff.keys = Sections::compare(before, after, {"name", "servers"});
                    if (diff.keys.empty() && diff.backends.empty()) return;
                  }
                  diffs.push_back(std::move(diff));
                });
  return diffs;
}

ConfigDiff diff_trees(const YamlNode& before, const YamlNode& after) {
  ConfigDiff diff;
  for (KeyChange& change : Sections::compare(before, after, {"listeners", "upstreams"})) {
    const auto* const fixed =
        std::find_if(kFixed.begin(), kFixed.end(), [&](const auto& key) { return key.first == change.path; });
    if (fixed == kFixed.end()) {
      diff.process.push_back(std::move(change));
    } else {
      diff.refused.push_back({std::move(change), std::string(fixed->second)});
    }
  }
  diff.listeners = compare_listeners(before, after);
  diff.upstreams = compare_upstreams(before, after);
  diff.cuts_removed = scalar_at(after, "removed_listener") == "cut";
  diff.drain_timeout = terminal_text(scalar_at(after, "drain_timeout"));
  return diff;
}

/// Drops what both have and what is the same, because comparing fields is quicker than comparing trees.
template <typename Item>
void drop_equal(std::vector<Item>& one, std::vector<Item>& other) {
  std::map<std::string, const Item*> by_name;
  for (const Item& item : other) by_name.emplace(item.name, &item);
  std::set<std::string> equal;
  for (const Item& item : one) {
    const auto found = by_name.find(item.name);
    if (found != by_name.end() && *found->second == item) equal.insert(item.name);
  }
  const auto is_equal = [&](const Item& item) { return equal.contains(item.name); };
  std::erase_if(one, is_equal);
  std::erase_if(other, is_equal);
}

}  // namespace

std::string RefusedChange::to_string() const {
  return key.path + ": " + key.before + " -> " + key.after + " cannot change while it runs; " + instead;
}

ConfigDiff diff_configs(const ServerConfig& running, const ServerConfig& next) {
  ServerConfig before = running;
  ServerConfig after = next;
  drop_equal(before.listeners, after.listeners);
  drop_equal(before.upstreams, after.upstreams);
  return diff_trees(config_tree(before), config_tree(after));
}

ConfigDiff diff_dumps(const std::string& running, const std::string& next) {
  return diff_trees(parse_dump(running, "the running configuration"), parse_dump(next, "the next configuration"));
}

}  // namespace weir
