#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/units.hpp"
#include "server/config/config_keys.hpp"

namespace weir::test {

/// A value as it is written, and as the effective configuration shows it.
struct Shown {
  std::string written;
  std::string shown;
};

/// A key of the configuration as its table describes it.
struct KeyInfo {
  std::string path;                    ///< `listeners.N.timeouts.idle`; N stands for a list's index
  bool section = false;                ///< its value holds keys and nothing else
  std::vector<Shown> accepted{};       ///< every word of a choice; of a number the least and the most
  std::vector<std::string> refused{};  ///< no word; just below the least and just above the most
};

/// Every key, from the tables that the daemon reads with.
class KeyList {
 public:
  static std::vector<KeyInfo> all() {
    KeyList list;
    list.walk<ServerConfig>(kKeys<ServerConfig>, "");
    return std::move(list.keys_);
  }

 private:
  template <typename Target, typename Keys>
  void walk(const Keys& keys, const std::string& prefix) {
    std::apply([&](const auto&... entry) { (add<Target>(entry, prefix), ...); }, keys);
  }

  template <typename Target, typename Field, typename Kind, typename Predicate>
  void add(const Key<Field, Kind, Predicate>& key, const std::string& prefix) {
    using Value = std::remove_cvref_t<std::invoke_result_t<Field, Target&>>;
    add_value<Value>(key.kind, prefix + std::string(key.name));
  }
  template <typename Target, typename Check>
  void add(const Rule<Check>& /*rule*/, const std::string& /*prefix*/) {}
  template <typename Target>
  void add(const HintedHere& /*hint*/, const std::string& /*prefix*/) {}
  template <typename Target>
  void add(const BackendPlace& /*place*/, const std::string& prefix) {
    keys_.push_back({prefix + "address"});
    keys_.push_back({prefix + "dns"});
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
  }
  template <typename Value, typename Kind>
  void add_value(const Maybe<Kind>& kind, const std::string& path) {
    add_value<typename Value::value_type>(kind.kind, path);
  }
  template <typename Value>
  void add_value(const Section& /*kind*/, const std::string& path) {
    keys_.push_back({path, true});
    walk<Value>(kKeys<Value>, path + ".");
  }
  template <typename Value, typename Keys>
  void add_value(const Folder<Keys>& kind, const std::string& path) {
    keys_.push_back({path, true});
    walk<Value>(kind.keys, path + ".");
  }
  template <typename Value>
  void add_value(const OptionalSection& /*kind*/, const std::string& path) {
    add_value<typename Value::value_type>(Section{}, path);
  }
  template <typename Value>
  void add_value(const SectionOrOff& /*kind*/, const std::string& path) {
    keys_.push_back({path, false, {{"off", "off"}}, {"on", "no"}});
    walk<Value>(kKeys<Value>, path + ".");
  }
  template <typename Value>
  void add_value(const ListenerList& /*kind*/, const std::string& path) {
    add_items<Value>(path);
  }
  template <typename Value>
  void add_value(const UpstreamList& /*kind*/, const std::string& path) {
    add_items<Value>(path);
  }
  template <typename Value>
  void add_value(const BackendList& /*kind*/, const std::string& path) {
    add_items<Value>(path);
  }
  template <typename Value>
  void add_value(const SectionList& /*kind*/, const std::string& path) {
    add_items<Value>(path);
  }
  template <typename Value>
  void add_value(const FaultList& /*kind*/, const std::string& path) {
    add_items<Value>(path);
  }
  template <typename List>
  void add_items(const std::string& path) {
    keys_.push_back({path, true});
    walk<typename List::value_type>(kKeys<typename List::value_type>, path + ".N.");
  }

  template <typename Value>
  void add_value(const Word& /*kind*/, const std::string& path) {
    KeyInfo info{path};
    for (const std::string_view word : kWordsOf<Value>) info.accepted.push_back({std::string(word), std::string(word)});
    info.refused = {"no_such_word", "''"};
    keys_.push_back(std::move(info));
  }
  template <typename Value>
  void add_value(const Flag& /*kind*/, const std::string& path) {
    keys_.push_back({path, false, {{"true", "true"}, {"false", "false"}}, {"yes", "'true'", "1"}});
  }
  template <typename Value>
  void add_value(const WholeNumber& kind, const std::string& path) {
    add_numbers(path, kind.least, kind.most);
  }
  template <typename Value>
  void add_value(const Workers& /*kind*/, const std::string& path) {
    add_numbers(path, Workers::kLeast, Workers::kMost);
    keys_.back().accepted.push_back({"auto", "auto"});
  }
  template <typename Value>
  void add_value(const ConnectionsOrAuto& /*kind*/, const std::string& path) {
    keys_.push_back({path,
                     false,
                     {{"auto", "auto"}, {"0", "0"}, {"9223372036854775807", "9223372036854775807"}},
                     {"-1", "9223372036854775808"}});
  }
  template <typename Value>
  void add_value(const FileMode& /*kind*/, const std::string& path) {
    keys_.push_back({path, false, {{"'0'", "0000"}, {"'0777'", "0777"}}, {"'-1'", "'01000'", "'8'"}});
  }
  template <typename Value>
  void add_value(const Duration& kind, const std::string& path) {
    add_durations(path, kind.least, kLongestDuration);
  }
  template <typename Value>
  void add_value(const UserTimeout& /*kind*/, const std::string& path) {
    add_durations(path, milliseconds(0), UserTimeout::kMost);
  }
  template <typename Value>
  void add_value(const ConnectTimeout& /*kind*/, const std::string& path) {
    add_durations(path, ConnectTimeout::kLeast, kLongestDuration);
  }
  template <typename Value>
  void add_value(const WholeSeconds& kind, const std::string& path) {
    add_durations(path, kind.least, kind.most);
    keys_.back().refused.emplace_back("1500ms");
  }
  template <typename Value>
  void add_value(const FineDuration& /*kind*/, const std::string& path) {
    keys_.push_back(
        {path, false, {{"0us", "0s"}, {"1us", "1us"}, {"87600h", "87600h"}}, {"-1us", "87600.000001h", "0.1us", "5"}});
  }
  template <typename Value>
  void add_value(const Size& kind, const std::string& path) {
    const auto text = [](std::uint64_t number) { return std::to_string(number); };
    keys_.push_back({path,
                     false,
                     {{text(kind.least), format_size(kind.least)}, {text(kind.most), format_size(kind.most)}},
                     {kind.least == 0 ? "-1" : text(kind.least - 1), text(kind.most + 1), "1.5", "all"}});
  }
  template <typename Value>
  void add_value(const ByteRate& /*kind*/, const std::string& path) {
    keys_.push_back({path,
                     false,
                     {{"0", "0"}, {"1B/s", "1B/s"}, {"1024KB/s", "1000KiB/s"}, {"1000GB/s", "1000GB/s"}},
                     {"-1B/s", "1000000000001B/s", "5", "5KB/m", "5Kbit/s"}});
  }
  template <typename Value>
  void add_value(const Decimal& kind, const std::string& path) {
    const auto text = [](double number) { return fmt::format("{}", number); };
    keys_.push_back({path,
                     false,
                     {{"0", "0"}, {"0.5", "0.5"}, {"1e-7", "1e-07"}, {text(kind.most), text(kind.most)}},
                     {"-0.1", text(kind.most + 0.1), "nan", "inf", "'1'", "1x"}});
  }
  template <typename Value>
  void add_value(const Seed& /*kind*/, const std::string& path) {
    add_numbers(path, 0, static_cast<std::int64_t>(Seed::kMost));
  }
  template <typename Value>
  void add_value(const RateLimit& /*kind*/, const std::string& path) {
    keys_.push_back(
        {path, false, {{"0", "0"}, {"1000000000/h", "1000000000/h"}}, {"-1/s", "1000000001/h", "5", "5/d"}});
  }

  /// Texts, addresses and lists of them: what is accepted is their own tests' business.
  template <typename Value, typename Kind>
    requires(std::is_same_v<Kind, Name> || std::is_same_v<Kind, BoundList> || std::is_same_v<Kind, UpstreamName> ||
             std::is_same_v<Kind, Ranges> || std::is_same_v<Kind, RangesOrUnix> || std::is_same_v<Kind, RangesFile> ||
             std::is_same_v<Kind, Account> || std::is_same_v<Kind, LogFile> || std::is_same_v<Kind, Resolvers> ||
             std::is_same_v<Kind, Bytes> || std::is_same_v<Kind, Sources> || std::is_same_v<Kind, AdminBind> ||
             std::is_same_v<Kind, TokenFilePath> || std::is_same_v<Kind, HostNames> || std::is_same_v<Kind, Words> ||
             std::is_same_v<Kind, PemFile> || std::is_same_v<Kind, Authorities> ||
             std::is_same_v<Kind, TicketKeyFile> || std::is_same_v<Kind, ServerNames> ||
             std::is_same_v<Kind, BackendName> || std::is_same_v<Kind, ClientNames> ||
             std::is_same_v<Kind, Protocols> || std::is_same_v<Kind, OpenSslWords>)
  void add_value(const Kind& /*kind*/, const std::string& path) {
    keys_.push_back({path});
  }

  void add_numbers(const std::string& path, std::int64_t least, std::int64_t most) {
    const auto text = [](std::int64_t number) { return std::to_string(number); };
    keys_.push_back(
        {path, false, {{text(least), text(least)}, {text(most), text(most)}}, {text(least - 1), text(most + 1)}});
  }
  void add_durations(const std::string& path, milliseconds least, milliseconds most) {
    const auto text = [](milliseconds duration) { return std::to_string(duration.count()) + "ms"; };
    const milliseconds step(1);
    keys_.push_back({path,
                     false,
                     {{text(least), format_duration(least)}, {text(most), format_duration(most)}},
                     {text(least - step), text(most + step)}});
  }

  std::vector<KeyInfo> keys_;
};

}  // namespace weir::test
