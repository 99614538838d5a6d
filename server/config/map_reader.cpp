#include "server/config/map_reader.hpp"

#include <algorithm>
#include <map>

#include "common/near_name.hpp"

namespace weir {

MapReader::MapReader(const Value& map) : map_(map) {
  if (map.is(YamlNode::Kind::map) || map.is(YamlNode::Kind::null)) return;
  usable_ = false;
  map.fail(std::string("is ") + map.node().kind_name() + ", but must be a map of keys and values");
}

std::optional<Value> MapReader::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  for (const YamlEntry& entry : map_.node().entries) {
    if (entry.key.kind != YamlNode::Kind::scalar || entry.key.scalar != key) continue;
    return Value(entry.value, entry.key.position, join_path(map_.path(), key), map_.problems());
  }
  return std::nullopt;
}

std::optional<Value> MapReader::require(std::string_view key, std::string_view right) {
  std::optional<Value> value = find(key);
  if (!value && usable_) {
    map_.problems().add(map_.position(), join_path(map_.path(), key), "is missing; write " + std::string(right));
  }
  return value;
}

void MapReader::finish() {
  std::map<std::string_view, const YamlEntry*> seen;
  for (const YamlEntry& entry : map_.node().entries) {
    const Position& position = entry.key.position;
    if (entry.key.kind != YamlNode::Kind::scalar) {
      map_.problems().add(position, map_.path(), std::string("a key must be text, not ") + entry.key.kind_name());
      continue;
    }
    const std::string& key = entry.key.scalar;
    const std::string path = join_path(map_.path(), key_text(key));
    const auto [first, is_new] = seen.emplace(key, &entry);
    if (!is_new) {
      const int line = first->second->key.position.line;
      map_.problems().add(
          position, path,
          "appears twice" + (line > 0 ? ", first on line " + std::to_string(line) : std::string()) + "; keep one");
    } else if (key == "<<") {
      map_.problems().add(position, path, "merge keys are not supported; give a whole section an anchor instead");
    } else if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      map_.problems().add(position, path, "unknown key; " + name_hint(key, known_));
    }
  }
}

}  // namespace weir
