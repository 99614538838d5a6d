#include "server/admin/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "common/address_set.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::admin {
namespace {

using Sort = ConnectionQuery::Sort;

constexpr std::size_t kMost = 1000;

/// By their places in the enumeration.
constexpr std::array<std::string_view, 8> kSorts{"id", "age", "idle", "rate", "bytes", "kept", "rtt", "retransmits"};

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw BadRequest("the parameter " + std::string(name) + " " + why);
}

void check_names(const Target& target, std::span<const std::string_view> known) {
  for (auto at = target.query.begin(); at != target.query.end(); ++at) {
    const std::string& name = at->first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw BadRequest("there is no parameter " + in_quotes(name) +
                       (known.empty() ? " here; this takes none" : " here; " + name_hint(name, known)));
    }
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::any_of(target.query.begin(), at, same)) refuse(name, "appears twice; write it once");
  }
}

/// Calls `take` with the parameter's value where it is given.
template <typename Take>
void take(const Target& target, std::string_view name, Take&& take) {
  for (const auto& [key, value] : target.query) {
    if (key == name) take(value);
  }
}

void read(const Target& target, std::string_view name, std::string& text) {
  take(target, name, [&](const std::string& value) { text = value; });
}

void read(const Target& target, std::string_view name, std::size_t& number, std::size_t least, std::size_t most) {
  take(target, name, [&](const std::string& value) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size() && number >= least && number <= most) return;
    refuse(name, "is " + in_quotes(value) + "; write a whole number from " + std::to_string(least) + " to " +
                     std::to_string(most));
  });
}

void read(const Target& target, std::string_view name, bool& flag) {
  take(target, name, [&](const std::string& value) {
    if (value != "0" && value != "1") refuse(name, "is " + in_quotes(value) + "; write 1 or 0");
    flag = value == "1";
  });
}

void read(const Target& target, std::string_view name, std::chrono::milliseconds& duration) {
  take(target, name, [&](const std::string& value) {
    try {
      duration = std::chrono::ceil<std::chrono::milliseconds>(parse_duration(value));
    } catch (const std::invalid_argument& error) {
      refuse(name, std::string("is wrong: ") + error.what());
    }
  });
}

void read_rate(const Target& target, double& rate) {
  take(target, "min_rate", [&](const std::string& value) {
    try {
      rate = static_cast<double>(parse_size(value));
    } catch (const std::invalid_argument& error) {
      refuse("min_rate", std::string("is wrong: ") + error.what());
    }
  });
}

void read_source(const Target& target, std::string& source) {
  take(target, "source", [&](const std::string& value) {
    try {
      AddressSet().add(value);
      source = value;
    } catch (const std::invalid_argument& error) {
      refuse("source", std::string("is wrong: ") + error.what());
    }
  });
}

void read_order(const Target& target, ConnectionQuery& query) {
  take(target, "sort", [&](const std::string& value) {
    const auto* const found = std::find(kSorts.begin(), kSorts.end(), value);
    if (found == kSorts.end()) refuse("sort", "is " + in_quotes(value) + "; " + name_hint(value, kSorts));
    query.sort = static_cast<Sort>(found - kSorts.begin());
  });
  take(target, "order", [&](const std::string& value) {
    if (value != "asc" && value != "desc") refuse("order", "is " + in_quotes(value) + "; write asc or desc");
    query.ascending = value == "asc";
  });
}

}  // namespace

ConnectionQuery parse_connection_query(const Target& target) {
  constexpr std::array<std::string_view, 12> kNames{"listener", "upstream", "backend", "source", "min_age", "min_idle",
                                                    "min_rate", "slow",     "sort",    "order",  "limit",   "offset"};
  check_names(target, kNames);
  ConnectionQuery query;
  read(target, "listener", query.listener);
  read(target, "upstream", query.upstream);
  read(target, "backend", query.backend);
  read_source(target, query.source);
  read(target, "min_age", query.min_age);
  read(target, "min_idle", query.min_idle);
  read_rate(target, query.min_rate);
  read(target, "slow", query.slow);
  read_order(target, query);
  read(target, "limit", query.limit, 1, kMost);
  read(target, "offset", query.offset, 0, 1'000'000'000);
  return query;
}

std::size_t parse_source_query(const Target& target) {
  constexpr std::array<std::string_view, 1> kNames{"limit"};
  check_names(target, kNames);
  std::size_t limit = 10;
  read(target, "limit", limit, 1, kMost);
  return limit;
}

RecordQuery parse_record_query(const Target& target) {
  constexpr std::array<std::string_view, 2> kNames{"failed", "limit"};
  check_names(target, kNames);
  RecordQuery query;
  read(target, "failed", query.failed);
  read(target, "limit", query.limit, 1, kMost);
  return query;
}

bool parse_reload_query(const Target& target) {
  constexpr std::array<std::string_view, 1> kNames{"dry_run"};
  check_names(target, kNames);
  bool dry_run = false;
  read(target, "dry_run", dry_run);
  return dry_run;
}

void parse_empty_query(const Target& target) { check_names(target, {}); }

}  // namespace weir::admin
