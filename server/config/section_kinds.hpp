#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "common/printable.hpp"
#include "server/config/key.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of keys whose value holds keys itself.
namespace weir {

/// A map that has no struct of its own: its keys are fields of the section around it.
template <typename Keys>
struct Folder {
  Keys keys;

  template <typename Target>
  void read(const Value& value, Target& target, Reading& reading) const {
    MapReader map(value);
    read_keys(keys, map, target, reading);
    map.finish();
  }

  template <typename Target>
  void dump(TreeWriter& out, const Target& target) const {
    out.begin_map();
    dump_keys(keys, out, target);
    out.end();
  }
};

template <typename... Keys>
constexpr Folder<std::tuple<Keys...>> folder(Keys... keys) {
  return {std::tuple(keys...)};
}

/// A map whose keys stand in kKeys of its struct.
struct Section {
  template <typename Target>
  void read(const Value& value, Target& target, Reading& reading) const {
    Folder{kKeys<Target>}.read(value, target, reading);
  }

  template <typename Target>
  void dump(TreeWriter& out, const Target& target) const {
    Folder{kKeys<Target>}.dump(out, target);
  }
};

/// A section whose presence alone turns something on.
struct OptionalSection {
  template <typename Target>
  void read(const Value& value, std::optional<Target>& target, Reading& reading) const {
    Section{}.read(value, target.emplace(), reading);
  }
  template <typename Target>
  void dump(TreeWriter& out, const std::optional<Target>& target) const {
    Section{}.dump(out, *target);
  }
};

/// The same, and it is tried as a whole where nothing in it is wrong by itself.
template <typename Target>
struct TriedSection : OptionalSection {
  explicit constexpr TriedSection(std::string (*of)(const Target& target)) : problem(of) {}

  void read(const Value& value, std::optional<Target>& target, Reading& reading) const {
    const std::size_t before = value.problems().count();
    OptionalSection::read(value, target, reading);
    if (value.problems().count() != before) return;
    if (const std::string why = problem(*target); !why.empty()) value.fail(why);
  }

  std::string (*problem)(const Target& target);  ///< what is wrong with it, or ""
};

/// `off`, or a section whose struct says whether it is `enabled`.
struct SectionOrOff {
  template <typename Target>
  void read(const Value& value, Target& target, Reading& reading) const {
    if (!value.is(YamlNode::Kind::scalar)) return Section{}.read(value, target, reading);
    if (value.node().scalar == "off") {
      target.enabled = false;
    } else {
      value.fail(in_quotes(value.node().scalar) + " is unknown; write off, or a map of idle, interval and count");
    }
  }

  template <typename Target>
  void dump(TreeWriter& out, const Target& target) const {
    if (target.enabled) return Section{}.dump(out, target);
    out.plain("off");
  }
};

template <typename Item>
void dump_sections(TreeWriter& out, const std::vector<Item>& items) {
  out.begin_list();
  for (const Item& item : items) Section{}.dump(out, item);
  out.end();
}

/// `upstreams`.
struct UpstreamList {
  template <typename Upstream>
  void read(const Value& value, std::vector<Upstream>& upstreams, Reading& reading) const {
    if (!value.is(YamlNode::Kind::sequence) && !value.is(YamlNode::Kind::null)) {
      value.fail(std::string("is ") + value.node().kind_name() + ", but must be a list of upstreams");
    }
    for (const Value& item : value.items()) Section{}.read(item, upstreams.emplace_back(), reading);
  }
  template <typename Upstream>
  void dump(TreeWriter& out, const std::vector<Upstream>& upstreams) const {
    dump_sections(out, upstreams);
  }
};

/// `servers` of an upstream.
struct BackendList {
  template <typename Backend>
  void read(const Value& value, std::vector<Backend>& backends, Reading& reading) const {
    if (!value.is(YamlNode::Kind::sequence)) {
      value.fail("must be a list of servers; write [{address: \"127.0.0.1:5432\"}]");
    } else if (value.node().items.empty()) {
      value.fail("is an empty list; write [{address: \"127.0.0.1:5432\"}]");
    }
    for (const Value& item : value.items()) Section{}.read(item, backends.emplace_back(), reading);
  }
  template <typename Backend>
  void dump(TreeWriter& out, const std::vector<Backend>& backends) const {
    dump_sections(out, backends);
  }
};

/// A list of sections, which are told apart by where they stand.
struct SectionList {
  std::string_view things;
  std::string_view example;
  bool may_be_empty = true;

  template <typename Item>
  void read(const Value& value, std::vector<Item>& items, Reading& reading) const {
    const std::string remedy = std::string(things) + "; write " + std::string(example);
    if (!value.is(YamlNode::Kind::sequence) && !(value.is(YamlNode::Kind::null) && may_be_empty)) {
      value.fail("must be a list of " + remedy);
    } else if (value.node().items.empty() && !may_be_empty) {
      value.fail("is an empty list of " + remedy);
    }
    for (const Value& item : value.items()) Section{}.read(item, items.emplace_back(), reading);
  }
  template <typename Item>
  void dump(TreeWriter& out, const std::vector<Item>& items) const {
    dump_sections(out, items);
  }
};

inline constexpr std::string_view kListenerExample = "[{name: echo, bind: \"127.0.0.1:7000\", echo: {}}]";

/// `listeners`. That there are none is another rule's to say.
struct ListenerList {
  template <typename Listener>
  void read(const Value& value, std::vector<Listener>& listeners, Reading& reading) const {
    if (!value.is(YamlNode::Kind::sequence) && !value.is(YamlNode::Kind::null)) {
      value.fail(std::string("is ") + value.node().kind_name() + ", but must be a list; write " +
                 std::string(kListenerExample));
    }
    for (const Value& item : value.items()) {
      Listener& listener = listeners.emplace_back();
      listener.timeouts = reading.config.default_timeouts;
      Section{}.read(item, listener, reading);
    }
  }
  template <typename Listener>
  void dump(TreeWriter& out, const std::vector<Listener>& listeners) const {
    dump_sections(out, listeners);
  }
};

/// The key of a kind of service as `kName`, and the least to write of it as `kExample`. It has no general form, so that
/// a further kind in ServiceConfig does not compile without its own.
template <typename Service>
struct ServiceKey;

/// The keys of all kinds of services, of which a listener has exactly one.
struct ServiceKeys {
  int turn = 0;

  template <typename Listener>
  void read(MapReader& map, Listener& listener, Reading& reading) const {
    read_one_of(map, listener.service, reading);
  }

  template <typename Listener>
  void dump(TreeWriter& out, const Listener& listener) const {
    std::visit(
        [&out]<typename Service>(const Service& service) {
          out.key(ServiceKey<Service>::kName);
          Section{}.dump(out, service);
        },
        listener.service);
  }

 private:
  template <typename... Services>
  static void read_one_of(MapReader& map, std::variant<Services...>& service, Reading& reading) {
    std::string_view first;
    std::optional<Value> second;
    std::size_t given = 0;
    const std::array<std::optional<Value>, sizeof...(Services)> found{map.find(ServiceKey<Services>::kName)...};
    const std::array<std::string_view, sizeof...(Services)> names{ServiceKey<Services>::kName...};
    for (std::size_t at = 0; at < found.size(); ++at) {
      if (!found[at]) continue;
      ++given;
      if (given == 1) first = names[at];
      if (given == 2) second = found[at];
    }
    const Value& listener = map.map();
    if (given == 0 && (listener.is(YamlNode::Kind::map) || listener.is(YamlNode::Kind::null))) {
      constexpr std::array<std::string_view, sizeof...(Services)> examples{ServiceKey<Services>::kExample...};
      listener.fail("has no service; add one of " + any_of_these(examples));
    }
    if (second) {
      second->problems().add(
          second->key_position(), second->path(),
          "a listener has one service, but this one already has " + std::string(first) + "; keep one of them");
    }
    std::size_t at = 0;
    (read_if<Services>(found[at++], service, reading), ...);
  }

  template <typename Service, typename Variant>
  static void read_if(const std::optional<Value>& value, Variant& service, Reading& reading) {
    if (value) Section{}.read(*value, service.template emplace<Service>(), reading);
  }
};

}  // namespace weir
