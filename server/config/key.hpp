#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

namespace weir {

struct AlwaysShown {
  constexpr bool operator()(const auto& /*section*/) const { return true; }
};

/// A key of a section, which config_keys.hpp lists. `field` leads from the section's struct to the key's field: a
/// pointer to a member, or a function. `kind` is what the value is, and reads and dumps it:
///
///     void read(const Value& value, Field& field, Reading& reading) const;  // a value that is wrong leaves the field
///     void dump(TreeWriter& out, const Field& field) const;
template <typename Field, typename Kind, typename Shown = AlwaysShown>
struct Key {
  std::string_view name;
  Field field;
  Kind kind;
  Shown shown{};               ///< whether the effective configuration shows this key of a section
  std::string_view missing{};  ///< what to write where the key is missing; empty = it may be left out
  std::string_view instead{};  ///< a list that stands for this key where it has items
  int turn = 0;

  constexpr Key required(std::string_view what_to_write) const {
    Key key = *this;
    key.missing = what_to_write;
    return key;
  }

  /// Of a key that is required: not where the list at that key has items.
  constexpr Key unless(std::string_view list) const {
    Key key = *this;
    key.instead = list;
    return key;
  }

  /// The effective configuration shows a section's keys by their turn, and those of one turn in the table's order,
  /// which is the order of reading.
  constexpr Key in_turn(int later) const {
    Key key = *this;
    key.turn = later;
    return key;
  }

  template <typename Predicate>
  constexpr Key<Field, Kind, Predicate> shown_if(Predicate predicate) const {
    return {name, field, kind, predicate, missing, instead, turn};
  }

  template <typename Section>
  void read(MapReader& map, Section& section, Reading& reading) const {
    const bool needed = !missing.empty() && (instead.empty() || !has_items(map.find(instead)));
    const std::optional<Value> value = needed ? map.require(name, missing) : map.find(name);
    if (value) kind.read(*value, std::invoke(field, section), reading);
  }

  template <typename Section>
  void dump(TreeWriter& out, const Section& section) const {
    if (!std::invoke(shown, section)) return;
    out.key(name);
    kind.dump(out, std::invoke(field, section));
  }

 private:
  /// A list of a wrong type was reported itself.
  static bool has_items(const std::optional<Value>& list) {
    return list && !list->is(YamlNode::Kind::null) &&
           (!list->is(YamlNode::Kind::sequence) || !list->node().items.empty());
  }
};

template <typename Field, typename Kind>
constexpr Key<Field, Kind> key(std::string_view name, Field field, Kind kind) {
  return {name, field, kind};
}

/// What must hold between the keys above it: `check(map, section, reading)` reports where it does not.
template <typename Check>
struct Rule {
  Check check;
  int turn = 0;

  void read(MapReader& map, auto& section, Reading& reading) const { check(map, section, reading); }
  void dump(TreeWriter& /*out*/, const auto& /*section*/) const {}
};

template <typename Check>
constexpr Rule<Check> rule(Check check) {
  return {check};
}

/// A key that stands further down in the table, because it is read late, but that hints name here.
struct HintedHere {
  std::string_view name;
  int turn = 0;

  void read(MapReader& map, auto& /*section*/, Reading& /*reading*/) const { map.find(name); }
  void dump(TreeWriter& /*out*/, const auto& /*section*/) const {}
};

/// The keys of a section as a tuple; config_keys.hpp has them all.
template <typename Section>
inline constexpr auto kKeys = nullptr;

template <typename Keys, typename Section>
void read_keys(const Keys& keys, MapReader& map, Section& section, Reading& reading) {
  std::apply([&](const auto&... entry) { (entry.read(map, section, reading), ...); }, keys);
}

template <typename Keys, typename Section>
void dump_keys(const Keys& keys, TreeWriter& out, const Section& section) {
  std::apply(
      [&](const auto&... entry) {
        const int last = std::max({0, entry.turn...});
        for (int turn = 0; turn <= last; ++turn) {
          ((entry.turn == turn ? entry.dump(out, section) : void()), ...);
        }
      },
      keys);
}

}  // namespace weir
