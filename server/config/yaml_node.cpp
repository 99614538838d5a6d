#include "server/config/yaml_node.hpp"

#include <algorithm>

namespace weir {

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

}  // namespace weir
