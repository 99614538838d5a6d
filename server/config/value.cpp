#include "server/config/value.hpp"

#include "common/printable.hpp"

namespace weir {

std::string join_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string any_of_these(std::span<const std::string_view> choices) {
  std::string text;
  for (std::size_t at = 0; at < choices.size(); ++at) {
    text += at == 0 ? "" : at + 1 == choices.size() ? " or " : ", ";
    text += choices[at];
  }
  return text;
}

std::string key_text(std::string_view key) { return in_quotes(key).substr(1, in_quotes(key).size() - 2); }

std::optional<std::string> Value::text(std::string_view right) const {
  if (is(YamlNode::Kind::scalar)) return node_->scalar;
  const std::string what = is(YamlNode::Kind::null) ? "has no value" : std::string("is ") + node_->kind_name();
  fail(what + "; write " + std::string(right));
  return std::nullopt;
}

std::vector<Value> Value::items() const {
  std::vector<Value> values;
  for (std::size_t at = 0; at < node_->items.size(); ++at) {
    const YamlNode& item = node_->items[at];
    std::string key = std::to_string(at);
    for (const YamlEntry& entry : item.entries) {
      const bool named = entry.key.scalar == "name" && entry.value.kind == YamlNode::Kind::scalar;
      if (named && !entry.value.scalar.empty()) key = key_text(entry.value.scalar);
    }
    // A null item stands on its dash; yaml-cpp only knows what follows it.
    values.emplace_back(item, item.position, join_path(path_, key), *problems_);
  }
  return values;
}

}  // namespace weir
