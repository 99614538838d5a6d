#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/config/config_words.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"
#include "server/config/value.hpp"

/// Kinds of values that stand in several sections. Each reads a value into its field, and reports a wrong one and
/// leaves the field as it is; each dumps the field as it reads it.
namespace weir {

/// `true` or `false`, without quotes.
struct Flag {
  void read(const Value& value, bool& target, Reading&) const;
  void dump(TreeWriter& out, bool target) const;
};

/// As it is, but in quotes where it would be a number.
void dump_word(TreeWriter& out, std::string_view word);

/// One of the words of an enumeration (config_words.hpp).
struct Word {
  template <typename Enum>
  void read(const Value& value, Enum& target, Reading&) const {
    const std::string right = any_of_these(kWordsOf<Enum>);
    const std::optional<std::string> found = value.text(right);
    if (!found) return;
    const auto* const match = std::find(kWordsOf<Enum>.begin(), kWordsOf<Enum>.end(), *found);
    if (match == kWordsOf<Enum>.end()) return value.fail(in_quotes(*found) + " is unknown; write " + right);
    target = static_cast<Enum>(match - kWordsOf<Enum>.begin());
  }
  template <typename Enum>
  void dump(TreeWriter& out, Enum target) const {
    dump_word(out, word_of(target));
  }
};

/// Words of an enumeration, one or a list, each once.
struct Words {
  template <typename Enum>
  void read(const Value& value, std::vector<Enum>& targets, Reading& reading) const {
    for (const Value& item : value.items_or_self()) {
      const std::size_t before = item.problems().count();
      Enum target{};
      Word{}.read(item, target, reading);
      if (item.problems().count() != before) continue;
      if (std::find(targets.begin(), targets.end(), target) != targets.end()) {
        item.fail(in_quotes(word_of(target)) + " is listed already; remove it");
      } else {
        targets.push_back(target);
      }
    }
  }
  template <typename Enum>
  void dump(TreeWriter& out, const std::vector<Enum>& targets) const {
    out.begin_flow_list();
    for (const Enum target : targets) dump_word(out, word_of(target));
    out.end();
  }
};

/// A whole number without quotes.
struct WholeNumber {
  std::uint32_t least;
  std::uint32_t most;

  void read(const Value& value, std::uint32_t& target, Reading&) const;
  void dump(TreeWriter& out, std::uint32_t target) const;
};

/// A number of connections or of those who wait: 0 to 10⁹.
inline constexpr WholeNumber kConnections{0, 1'000'000'000};

/// Milliseconds, up to kLongestDuration.
struct Duration {
  milliseconds least{0};  ///< 0 where "no limit" is allowed

  void read(const Value& value, milliseconds& target, Reading&) const;
  void dump(TreeWriter& out, milliseconds target) const;
};

/// Whole seconds.
struct WholeSeconds {
  std::chrono::seconds least;
  std::chrono::seconds most;

  void read(const Value& value, std::chrono::seconds& target, Reading&) const;
  void dump(TreeWriter& out, std::chrono::seconds target) const;
};

/// `100/s`.
struct RateLimit {
  void read(const Value& value, Rate& target, Reading&) const;
  void dump(TreeWriter& out, const Rate& target) const;
};

/// Microseconds, up to kLongestDuration.
struct FineDuration {
  void read(const Value& value, std::chrono::microseconds& target, Reading&) const;
  void dump(TreeWriter& out, std::chrono::microseconds target) const;
};

/// A number of bytes, as 64KiB.
struct Size {
  std::uint64_t least;
  std::uint64_t most;

  void read(const Value& value, std::uint64_t& target, Reading&) const;
  void dump(TreeWriter& out, std::uint64_t target) const;
};

/// Bytes a second, as 100KB/s.
struct ByteRate {
  void read(const Value& value, std::uint64_t& target, Reading&) const;
  void dump(TreeWriter& out, std::uint64_t target) const;
};

/// A number from 0, without quotes, which need not be whole.
struct Decimal {
  double most;

  void read(const Value& value, double& target, Reading&) const;
  void dump(TreeWriter& out, double target) const;
};

/// A value that may be missing without having a default; the effective configuration shows it where it is there.
template <typename Kind>
struct Maybe {
  Kind kind;

  template <typename Target>
  void read(const Value& value, std::optional<Target>& target, Reading& reading) const {
    kind.read(value, target.emplace(), reading);
  }
  template <typename Target>
  void dump(TreeWriter& out, const std::optional<Target>& target) const {
    kind.dump(out, *target);
  }
};

template <typename Kind>
constexpr Maybe<Kind> maybe(Kind kind) {
  return {kind};
}

/// `user_timeout`, within the kernel's bound.
struct UserTimeout {
  static constexpr milliseconds kMost = io::kLongestUserTimeout;

  void read(const Value& value, milliseconds& target, Reading&) const;
  void dump(TreeWriter& out, milliseconds target) const;
};

/// The `name` of a listener or an upstream, which stands in logs, metrics and `--set`: its form, and that no other of
/// the `thing` has it.
struct Name {
  std::string_view thing;
  Definitions Reading::* taken;

  void read(const Value& value, std::string& target, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& target) const;
};

/// Text is always quoted, so that no name or path can turn into a number, a boolean or a null.
void dump_text(TreeWriter& out, const std::string& text);
void dump_texts(TreeWriter& out, const std::vector<std::string>& texts);

}  // namespace weir
