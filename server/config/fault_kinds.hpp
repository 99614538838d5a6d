#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/faults/fault.hpp"
#include "common/faults/fault_rules.hpp"
#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/section_kinds.hpp"
#include "server/config/tree_writer.hpp"
#include "server/config/value_kinds.hpp"

/// Kinds of values of faults, and the rules between their keys.
namespace weir {

/// How a kind of fault is written: the least of it as `kExample`, and what its value is as `kValue`. It has no general
/// form, so that a further kind does not compile without its own.
template <typename Fault>
struct FaultForm;

/// A kind of fault whose value is one of its fields, without a key.
template <typename Field, typename Kind>
struct OneField {
  Field field;
  Kind kind;

  template <typename Fault>
  void read(const Value& value, Fault& fault, Reading& reading) const {
    kind.read(value, std::invoke(field, fault), reading);
    for (const faults::Problem& problem : faults::problems_of(fault)) value.fail(problem.message);
  }
  template <typename Fault>
  void dump(TreeWriter& out, const Fault& fault) const {
    kind.dump(out, std::invoke(field, fault));
  }
};

template <typename Field, typename Kind>
constexpr OneField<Field, Kind> one_field(Field field, Kind kind) {
  return {field, kind};
}

/// A kind of fault that has keys. Where nothing in it is wrong by itself, it is looked at as a whole.
struct FaultSection : Section {
  template <typename Fault>
  void read(const Value& value, Fault& fault, Reading& reading) const {
    const std::size_t before = value.problems().count();
    Section::read(value, fault, reading);
    if (value.problems().count() != before) return;
    MapReader map(value);
    for (const faults::Problem& problem : faults::problems_of(fault)) {
      const std::optional<Value> key = problem.key.empty() ? std::nullopt : map.find(problem.key);
      (key ? *key : value).fail(problem.message);
    }
  }
};

/// The keys of all kinds of faults, of which a fault has exactly one.
struct FaultKinds {
  int turn = 0;

  template <typename Fault>
  void read(MapReader& map, Fault& fault, Reading& reading) const {
    read_one_of(map, fault.kind, reading);
  }

  template <typename Fault>
  void dump(TreeWriter& out, const Fault& fault) const {
    out.key(faults::kind_name(fault.kind));
    std::visit([&out]<typename Kind>(const Kind& kind) { FaultForm<Kind>::kValue.dump(out, kind); }, fault.kind);
  }

 private:
  template <typename... Kinds>
  static void read_one_of(MapReader& map, std::variant<Kinds...>& kind, Reading& reading) {
    const std::array<std::string_view, sizeof...(Kinds)> names{faults::kind_name(Kinds())...};
    std::array<std::optional<Value>, sizeof...(Kinds)> found;
    std::string_view first;
    for (std::size_t at = 0; at < found.size(); ++at) {
      found[at] = map.find(names[at]);
      if (!found[at]) continue;
      if (first.empty()) {
        first = names[at];
        continue;
      }
      const Value& second = *found[at];
      second.problems().add(
          second.key_position(), second.path(),
          "a fault is of one kind, but this one already has " + std::string(first) + "; write another fault for it");
    }
    const Value& fault = map.map();
    if (first.empty() && (fault.is(YamlNode::Kind::map) || fault.is(YamlNode::Kind::null))) {
      constexpr std::array<std::string_view, sizeof...(Kinds)> examples{FaultForm<Kinds>::kExample...};
      fault.fail("does not say what it does; add one of " + any_of_these(examples));
    }
    std::size_t at = 0;
    (read_if<Kinds>(found[at++], kind, reading), ...);
  }

  template <typename Kind>
  static void read_if(const std::optional<Value>& value, faults::Kind& kind, Reading& reading) {
    if (value) FaultForm<Kind>::kValue.read(*value, kind.template emplace<Kind>(), reading);
  }
};

/// `faults` of a listener, which needs the section of that name at the top.
struct FaultList {
  static constexpr std::string_view kExample = "[{name: slow, latency: {delay: 50ms}}]";

  template <typename Fault>
  void read(const Value& value, std::vector<Fault>& faults, Reading& reading) const {
    reading.faults.clear();
    SectionList{"faults", kExample}.read(value, faults, reading);
    if (!faults.empty() && !reading.config.faults) fail_without_section(value);
  }
  template <typename Fault>
  void dump(TreeWriter& out, const std::vector<Fault>& faults) const {
    dump_sections(out, faults);
  }

 private:
  static void fail_without_section(const Value& value);
};

/// `seed`: a whole number which every reader of JSON gets whole.
struct Seed {
  static constexpr std::uint64_t kMost = (std::uint64_t{1} << 53) - 1;

  void read(const Value& value, std::uint64_t& seed, Reading&) const;
  void dump(TreeWriter& out, std::uint64_t seed) const;
};

/// A fault meets no more connections than `faults.max_percent` allows.
void check_percent(MapReader& map, const faults::Fault& fault, Reading& reading);

/// Nobody else binds the address that is bound where none is written.
void check_default_api_bind(MapReader& map, const ToxiproxyConfig& api, Reading& reading);

}  // namespace weir
