#include "server/admin/backends_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/short_figures.hpp"
#include "server/admin/text_table.hpp"
#include "server/observe/distribution.hpp"

namespace weir::admin {

namespace {

namespace json = boost::json;

constexpr std::size_t kMostOfAnUpstream = 20;
/// A connect that takes as long is slow whatever the others do.
constexpr double kSlowAlone = 0.1;
/// What is shorter is never called slow, and what is as many times the fastest one's is.
constexpr double kNeverSlow = 0.001;
constexpr double kSlowTimes = 4;

struct Backend {
  const json::value* answer;
  std::string state;
  double p99;  ///< in seconds; negative where nothing was measured, infinity where it is beyond the last bound
  bool slow = false;
};

double p99_of(const json::value& backend) {
  const json::value& connect = member_of(backend, "connect");
  if (number_of(connect, "count") == 0) return -1;
  return optional_number(connect, "p99_seconds").value_or(std::numeric_limits<double>::infinity());
}

std::vector<Backend> sorted_backends(const json::value& upstream) {
  std::vector<Backend> backends;
  double fastest = std::numeric_limits<double>::infinity();
  for (const json::value& answer : list_of(upstream, "backends")) {
    backends.push_back({&answer, text_of(answer, "state"), p99_of(answer)});
    if (backends.back().p99 >= 0) fastest = std::min(fastest, backends.back().p99);
  }
  for (Backend& backend : backends) {
    backend.slow = backend.p99 >= kSlowAlone || (backend.p99 > kNeverSlow && backend.p99 >= kSlowTimes * fastest);
  }
  std::stable_sort(backends.begin(), backends.end(), [](const Backend& a, const Backend& b) {
    if ((a.state == "up") != (b.state == "up")) return a.state != "up";
    return a.p99 > b.p99;
  });
  return backends;
}

std::string quantile_text(const json::value& connect, std::string_view key) {
  if (number_of(connect, "count") == 0) return "-";
  const std::optional<double> bound = optional_number(connect, key);
  return bound ? bound_duration(*bound) : "> " + bound_duration(kWaitBounds.back());
}

Colour colour_of_state(std::string_view state) {
  if (state == "up") return Colour::green;
  return state == "down" || state == "ejected" ? Colour::red : Colour::yellow;
}

/// `31 ECONNREFUSED`, or `31 ECONNREFUSED +2`: the commonest, and how many others.
std::string failures_text(const json::value& backend) {
  std::string commonest;
  double most = 0;
  double all = 0;
  for (const auto& [reason, value] : map_of(backend, "connect_failures")) {
    const double count = value.is_number() ? value.to_number<double>() : 0;
    all += count;
    if (count <= most) continue;
    most = count;
    commonest = terminal_text(reason);
  }
  if (all == 0) return "0";
  return fmt::format("{:.0f} {}", most, commonest) + (all > most ? fmt::format(" +{:.0f}", all - most) : "");
}

std::string active_text(const json::value& backend) {
  const double most = number_of(backend, "max_connections");
  const double active = number_of(backend, "active");
  return most > 0 ? fmt::format("{:.0f}/{:.0f}", active, most) : fmt::format("{:.0f}", active);
}

void add_row(TextTable& table, const std::string& upstream, const Backend& backend) {
  const json::value& answer = *backend.answer;
  const json::value& connect = member_of(answer, "connect");
  const Colour mark = backend.slow ? Colour::red : Colour::none;
  table.add({upstream,
             text_of(answer, "name"),
             {backend.state + (flag_of(answer, "backup") ? " backup" : ""), colour_of_state(backend.state)},
             active_text(answer),
             quantile_text(connect, "p50_seconds"),
             {quantile_text(connect, "p99_seconds"), mark},
             {backend.slow ? "slow" : "", mark},
             failures_text(answer),
             fmt::format("{:.0f}", number_of(answer, "connects")),
             fmt::format("{:.0f}%", 100 * number_of(answer, "share")),
             short_size(number_of(answer, "bytes_to")),
             short_size(number_of(answer, "bytes_from"))});
}

/// `has been down for 5m`; `age` is empty where it is not known.
std::string state_text(const std::string& state, const std::string& age) {
  const auto since = [&](const std::string& text, const std::string& link) {
    return age.empty() ? text : text + link + age;
  };
  if (state == "checking") return since("is still to be checked", ", for ");
  if (state == "left") return age.empty() ? "has left" : "left " + age + " ago";
  return since("has been " + (state == "ejected" ? std::string("left out") : state), " for ");
}

/// Why a backend gets no new connections.
std::string reason_text(const json::value& status, const json::value& upstream, const Backend& backend,
                        const TextStyle& style) {
  const auto age = time_between(text_of(*backend.answer, "since"), text_of(status, "time"));
  const std::string why = text_of(*backend.answer, "why");
  const std::string line =
      fmt::format("{} of {} {}{}", text_of(*backend.answer, "name"), text_of(upstream, "name"),
                  state_text(backend.state, age ? short_duration(*age) : ""), why.empty() ? "" : ": " + why);
  return paragraph(line, colour_of_state(backend.state), style);
}

}  // namespace

std::string backends_text(const json::value& status, const TextStyle& style) {
  using Kind = TextTable::Kind;
  using Fit = TextTable::Fit;
  TextTable table({{"UPSTREAM", Kind::text, Fit::shrinks},
                   {"BACKEND", Kind::text, Fit::shrinks},
                   {"STATE"},
                   {"ACTIVE", Kind::number},
                   {"CONNECT p50", Kind::number, Fit::optional},
                   {"CONNECT p99", Kind::number},
                   {""},
                   {"CONNECTS FAILED", Kind::text, Fit::shrinks},
                   {"CONNECTS", Kind::number, Fit::optional},
                   {"SHARE", Kind::number, Fit::optional},
                   {"SENT", Kind::number, Fit::optional},
                   {"RECEIVED", Kind::number, Fit::optional}});
  std::string notes;
  for (const json::value& upstream : list_of(status, "upstreams")) {
    const std::string name = text_of(upstream, "name");
    const std::vector<Backend> backends = sorted_backends(upstream);
    for (std::size_t i = 0; i < std::min(backends.size(), kMostOfAnUpstream); ++i) {
      add_row(table, name, backends[i]);
      if (backends[i].state != "up") notes += reason_text(status, upstream, backends[i], style);
    }
    if (backends.empty()) notes += paragraph(name + " has no backends", Colour::yellow, style);
    if (backends.size() > kMostOfAnUpstream) {
      notes +=
          paragraph(fmt::format("{} has {} more backends; --json shows all", name, backends.size() - kMostOfAnUpstream),
                    Colour::none, style);
    }
    if (const double waiting = number_of(upstream, "waiting"); waiting > 0) {
      notes += paragraph(fmt::format("{} for a backend of {}; at most {:.0f} may",
                                     counted(waiting, "connection") + (waiting == 1 ? " waits" : " wait"), name,
                                     number_of(upstream, "queue_size")),
                         Colour::yellow, style);
    }
  }
  return (table.empty() ? "" : table.to_string(style)) + notes;
}

}  // namespace weir::admin
