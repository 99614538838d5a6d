#include "server/config/key_types.hpp"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/config/config_keys.hpp"

namespace weir {
namespace {

/// What kind of value it is, and what may be written where that can be counted up.
struct Described {
  std::string type;
  std::vector<std::string> words{};
};

// Sections and choices are not here, since they depend on the field.
Described describe(const Flag& /*kind*/) { return {"true or false", {"true", "false"}}; }
Described describe(const WholeNumber& kind) {
  return {kind.most == kConnections.most ? "number" : fmt::format("{} to {}", kind.least, kind.most)};
}
Described describe(const Duration& kind) {
  return {kind.least.count() <= 1 ? "duration" : "duration, at least " + format_duration(kind.least)};
}
Described describe(const WholeSeconds& kind) {
  return {fmt::format("whole seconds, {}s to {}s", kind.least.count(), kind.most.count())};
}
Described describe(const Workers& /*kind*/) {
  return {fmt::format("auto, or {} to {}", Workers::kLeast, Workers::kMost), {"auto"}};
}
Described describe(const ConnectionsOrAuto& /*kind*/) { return {"auto, or a number", {"auto"}}; }
Described describe(const UserTimeout& /*kind*/) { return {"duration"}; }
Described describe(const ConnectTimeout& /*kind*/) { return {"duration"}; }
Described describe(const RateLimit& /*kind*/) { return {"rate"}; }
Described describe(const FineDuration& /*kind*/) { return {"duration"}; }
Described describe(const Size& kind) {
  return {kind.least == 0 ? "bytes" : "bytes, at least " + format_size(kind.least)};
}
Described describe(const ByteRate& /*kind*/) { return {"bytes a second"}; }
Described describe(const Decimal& kind) { return {fmt::format("0 to {}", kind.most)}; }
Described describe(const Seed& /*kind*/) { return {"number"}; }
Described describe(const Name& /*kind*/) { return {"name"}; }
Described describe(const BoundList& /*kind*/) { return {"address, or a list of them"}; }
Described describe(const AdminBind& /*kind*/) { return {"address"}; }
Described describe(const UpstreamName& /*kind*/) { return {"name"}; }
Described describe(const Ranges& /*kind*/) { return {"range, or a list of them"}; }
Described describe(const RangesOrUnix& /*kind*/) { return {"range or unix, or a list of them"}; }
Described describe(const RangesFile& /*kind*/) { return {"path"}; }
Described describe(const TokenFilePath& /*kind*/) { return {"path"}; }
Described describe(const LogFile& /*kind*/) { return {"path, or -"}; }
Described describe(const FileMode& /*kind*/) { return {"octal digits in quotes"}; }
Described describe(const Account& kind) { return {kind.of == Account::Of::user ? "user" : "group"}; }
Described describe(const HostNames& /*kind*/) { return {"name, or a list of them"}; }
Described describe(const Resolvers& /*kind*/) { return {"list of addresses"}; }
Described describe(const Sources& /*kind*/) { return {"IP address, or a list of them"}; }
Described describe(const Bytes& /*kind*/) { return {"text"}; }
Described describe(const PemFile& /*kind*/) { return {"path"}; }
Described describe(const Authorities& /*kind*/) { return {"path, or system", {Authorities::kSystem}}; }
Described describe(const TicketKeyFile& /*kind*/) { return {"path"}; }
Described describe(const ServerNames& /*kind*/) { return {"name, or a list of them"}; }
Described describe(const BackendName& /*kind*/) { return {"name or IP address"}; }
Described describe(const ClientNames& /*kind*/) { return {"name, or a list of them"}; }
Described describe(const Protocols& /*kind*/) { return {"name, or a list of them"}; }
Described describe(const OpenSslWords& /*kind*/) { return {"names with colons between them"}; }

/// Walks the tables and gathers what they hold.
class TypeWalk {
 public:
  std::vector<KeyType> all() && {
    walk<ServerConfig>(kKeys<ServerConfig>, "");
    return std::move(types_);
  }

 private:
  template <typename Target, typename Keys>
  void walk(const Keys& keys, const std::string& prefix) {
    std::apply([&](const auto&... entry) { (add<Target>(entry, prefix), ...); }, keys);
  }

  template <typename Target, typename Field, typename Kind, typename Predicate>
  void add(const Key<Field, Kind, Predicate>& key, const std::string& prefix) {
    using Value = std::remove_cvref_t<std::invoke_result_t<Field, Target&>>;
    const std::size_t at = types_.size();
    add_value<Value>(key.kind, prefix + std::string(key.name));
    if (key.missing.empty()) return;
    types_[at].missing = key.instead.empty() ? KeyType::Missing::is_error : KeyType::Missing::leaves_others;
  }
  template <typename Target, typename Check>
  void add(const Rule<Check>& /*rule*/, const std::string& /*prefix*/) {}
  template <typename Target>
  void add(const HintedHere& /*hint*/, const std::string& /*prefix*/) {}
  template <typename Target>
  void add(const BackendPlace& /*place*/, const std::string& prefix) {
    constexpr auto kOthers = KeyType::Missing::leaves_others;
    types_.push_back({.path = prefix + "address", .type = "address; it or dns is required", .missing = kOthers});
    types_.push_back({.path = prefix + "dns", .type = "name and port", .missing = kOthers});
    add_value<DnsName::Record>(Word{}, prefix + "record");
  }
  template <typename Target>
  void add(const ServiceKeys& /*services*/, const std::string& prefix) {
    add_services(std::type_identity<ServiceConfig>{}, prefix);
  }
  template <typename... Services>
  void add_services(std::type_identity<std::variant<Services...>> /*all*/, const std::string& prefix) {
    (add_value<Services>(Section{}, prefix + std::string(ServiceKey<Services>::kName)), ...);
  }

  template <typename Target>
  void add(const FaultKinds& /*kinds*/, const std::string& prefix) {
    add_faults(std::type_identity<faults::Kind>{}, prefix);
  }
  template <typename... Kinds>
  void add_faults(std::type_identity<std::variant<Kinds...>> /*all*/, const std::string& prefix) {
    (add_value<Kinds>(FaultForm<Kinds>::kValue, prefix + std::string(faults::kind_name(Kinds()))), ...);
  }

  template <typename Value, typename Field, typename Kind>
  void add_value(const OneField<Field, Kind>& kind, const std::string& path) {
    add_value<std::remove_cvref_t<std::invoke_result_t<Field, Value&>>>(kind.kind, path);
    types_.back().missing = KeyType::Missing::leaves_others;
  }
  template <typename Value, typename Kind>
  void add_value(const Maybe<Kind>& kind, const std::string& path) {
    add_value<typename Value::value_type>(kind.kind, path);
    types_.back().missing = KeyType::Missing::is_nothing;
  }
  template <typename Value>
  void add_value(const Section& /*kind*/, const std::string& path) {
    types_.push_back({.path = path, .type = "section", .section = true});
    walk<Value>(kKeys<Value>, path + ".");
  }
  template <typename Value, typename Keys>
  void add_value(const Folder<Keys>& kind, const std::string& path) {
    types_.push_back({.path = path, .type = "section", .section = true});
    walk<Value>(kind.keys, path + ".");
  }
  template <typename Value>
  void add_value(const OptionalSection& /*kind*/, const std::string& path) {
    add_value<typename Value::value_type>(Section{}, path);
  }
  template <typename Value>
  void add_value(const SectionOrOff& /*kind*/, const std::string& path) {
    types_.push_back({.path = path, .type = "section, or off", .words = {"off"}, .section = true});
    walk<Value>(kKeys<Value>, path + ".");
  }
  template <typename Value, typename Kind>
    requires(std::is_same_v<Kind, ListenerList> || std::is_same_v<Kind, UpstreamList> ||
             std::is_same_v<Kind, BackendList> || std::is_same_v<Kind, SectionList> || std::is_same_v<Kind, FaultList>)
  void add_value(const Kind& /*kind*/, const std::string& path) {
    types_.push_back({.path = path, .type = "list", .section = true});
    walk<typename Value::value_type>(kKeys<typename Value::value_type>, path + ".N.");
  }
  template <typename Value>
  void add_value(const Word& /*kind*/, const std::string& path) {
    KeyType type{.path = path, .type = any_of_these(kWordsOf<Value>)};
    for (const std::string_view word : kWordsOf<Value>) type.words.emplace_back(word);
    types_.push_back(std::move(type));
  }
  template <typename Value>
  void add_value(const Words& /*kind*/, const std::string& path) {
    add_value<typename Value::value_type>(Word{}, path);
    types_.back().type += ", or a list of them";
  }
  template <typename Value, typename Kind>
    requires requires(const Kind& kind) { describe(kind); }
  void add_value(const Kind& kind, const std::string& path) {
    Described described = describe(kind);
    types_.push_back({.path = path, .type = std::move(described.type), .words = std::move(described.words)});
  }

  std::vector<KeyType> types_;
};

}  // namespace

std::vector<KeyType> key_types() { return TypeWalk().all(); }

}  // namespace weir
