#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "client/report/load_result.hpp"

/// Words of JSON reports, for the writer and the reader.
namespace weir::load {

inline constexpr std::array<std::pair<EndedBy, std::string_view>, 4> kEndedByWords{{
    {EndedBy::duration, "duration"},
    {EndedBy::requests, "requests"},
    {EndedBy::interrupt, "interrupt"},
    {EndedBy::no_connection, "no_connection"},
}};

inline constexpr std::array<std::pair<Workload, std::string_view>, 2> kWorkloadWords{{
    {Workload::echo, "echo"},
    {Workload::connect, "connect"},
}};

inline constexpr std::array<std::pair<ArrivalKind, std::string_view>, 2> kArrivalWords{{
    {ArrivalKind::uniform, "uniform"},
    {ArrivalKind::poisson, "poisson"},
}};

inline constexpr std::array<std::pair<CloseBy, std::string_view>, 2> kCloseWords{{
    {CloseBy::fin, "fin"},
    {CloseBy::rst, "rst"},
}};

/// Whether replies come back upper-cased.
inline constexpr std::array<std::pair<bool, std::string_view>, 2> kExpectWords{{
    {false, "same"},
    {true, "upper"},
}};

inline constexpr std::array<std::pair<ProxyVersion, std::string_view>, 3> kProxyWords{{
    {ProxyVersion::none, "off"},
    {ProxyVersion::v1, "v1"},
    {ProxyVersion::v2, "v2"},
}};

/// What is counted of requests, under the names of `count_key()`.
inline constexpr std::array kRequestCounts{Count::sent,   Count::held,     Count::unfinished, Count::unsent,
                                           Count::missed, Count::answered, Count::done};

/// The word of a value; each has one.
template <typename Words, typename Value>
constexpr std::string_view word_of(const Words& words, Value value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return {};
}

}  // namespace weir::load
