#include "server/admin/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/backends_text.hpp"
#include "server/admin/ends_text.hpp"
#include "server/admin/recent.hpp"
#include "server/admin/short_figures.hpp"
#include "server/admin/text_table.hpp"

namespace weir::admin {

namespace {

namespace json = boost::json;
using Kind = TextTable::Kind;
using Fit = TextTable::Fit;

std::string headline(const json::value& status, const TextStyle& style) {
  const bool ready = flag_of(status, "ready");
  const bool draining = flag_of(status, "draining");
  const std::string state = draining ? "draining" : ready ? "ready" : "not ready";
  const auto uptime = std::chrono::milliseconds(static_cast<std::int64_t>(1000 * number_of(status, "uptime_seconds")));
  double busiest = 0;
  for (const json::value& worker : list_of(status, "workers")) {
    busiest = std::max(busiest, number_of(worker, "busy_ratio"));
  }
  const json::value& connections = member_of(status, "connections");
  const std::optional<double> limit = optional_number(connections, "limit");
  const std::size_t workers = list_of(status, "workers").size();
  std::string line = fmt::format("weir {}, up {}, ", text_of(status, "version"), short_duration(uptime));
  line += coloured(state, ready && !draining ? Colour::green : Colour::yellow, style);
  const std::string figures =
      fmt::format("{}{}; {}, the busiest at {:.0f}% of a CPU; {}B of memory",
                  counted(number_of(connections, "active"), "connection"),
                  limit ? fmt::format(" of {:.0f}", *limit) : "", counted(static_cast<double>(workers), "worker"),
                  100 * busiest, short_size(number_of(member_of(status, "process"), "resident_bytes")));
  return line + "\n" + paragraph(figures, Colour::none, style);
}

/// `2 connections are held up by clients that do not read: weir connections --slow`.
std::string slow_text(const json::value& slow, const TextStyle& style) {
  double clients = 0;
  double backends = 0;
  for (const json::value& connection : list_of(slow, "connections")) {
    const std::string side = text_of(connection, "slow_side");
    clients += side == "client" ? 1 : 0;
    backends += side == "backend" ? 1 : 0;
  }
  const bool more = number_of(slow, "matched") > clients + backends;
  const auto line = [&](double count, const std::string& side) -> std::string {
    if (count == 0) return "";
    const std::string text =
        fmt::format("{}{} {} held up by {}s that do not read; see: weir connections --slow --sort kept",
                    more ? "at least " : "", counted(count, "connection"), count == 1 ? "is" : "are", side);
    return paragraph(text, Colour::yellow, style);
  };
  return line(clients, "client") + line(backends, "backend");
}

std::string lost_text(const json::value& status, const TextStyle& style) {
  const json::value& lost = member_of(member_of(status, "process"), "lost");
  const double lines = number_of(lost, "log_lines");
  const double records = number_of(lost, "records");
  if (lines + records == 0) return "";
  const std::string text = fmt::format("{} and {} were lost because the log could not take them",
                                       counted(lines, "log line"), counted(records, "record"));
  return paragraph(text, Colour::yellow, style);
}

std::string drained_text(const json::value& status, const TextStyle& style) {
  std::string text;
  for (const json::value& listener : list_of(status, "listeners")) {
    if (!flag_of(listener, "drained")) continue;
    const std::string name = terminal_text(text_of(listener, "name"));
    text += paragraph(fmt::format("listener {} is drained and refuses newcomers; see: weir help enable-listener", name),
                      Colour::yellow, style);
  }
  return text;
}

/// `faults are on at db (2), web (1); see: weir faults`
std::string faults_on_text(const json::value& status, const TextStyle& style) {
  std::string where;
  for (const json::value& listener : list_of(status, "listeners")) {
    const double active = number_of(member_of(listener, "faults"), "active");
    if (active == 0) continue;
    where += fmt::format("{}{} ({:.0f})", where.empty() ? "" : ", ", terminal_text(text_of(listener, "name")), active);
  }
  if (where.empty()) return "";
  return paragraph(fmt::format("faults are on, so connections are harmed on purpose, at {}; see: weir faults", where),
                   Colour::yellow, style);
}

std::string listeners_text(const json::value& status, const Recent& recent, const TextStyle& style) {
  const std::string span = recent.span.count() > 0 ? " " + short_duration(recent.span) : "";
  TextTable table({{"LISTENER", Kind::text, Fit::shrinks},
                   {"SERVES", Kind::text, Fit::shrinks},
                   {"ACTIVE", Kind::number},
                   {"NEW/s", Kind::number},
                   {"IN/s", Kind::number},
                   {"OUT/s", Kind::number},
                   {"FAILED" + span, Kind::number},
                   {"REFUSED" + span, Kind::number},
                   {"BOUND", Kind::text, Fit::optional}});
  for (const json::value& listener : list_of(status, "listeners")) {
    const std::string name = text_of(listener, "name");
    const std::string upstream = text_of(listener, "upstream");
    std::string bound;
    for (const json::value& address : list_of(listener, "bound")) {
      if (const json::string* const text = address.if_string()) {
        bound += (bound.empty() ? "" : " ") + terminal_text({text->data(), text->size()});
      }
    }
    const auto known = recent.listeners.find(name);
    const Recent::Listener now = known == recent.listeners.end() ? Recent::Listener{} : known->second;
    const double failed = count_of_ends(now, EndKind::failed);
    const double refused = count_of_ends(now, EndKind::refused);
    table.add({name,
               text_of(listener, "service") + (upstream.empty() ? "" : " to " + upstream),
               fmt::format("{:.0f}", number_of(listener, "active")),
               short_rate(now.accepted_rate),
               short_size(now.in_rate),
               short_size(now.out_rate),
               {fmt::format("{:.0f}", failed), failed > 0 ? Colour::red : Colour::none},
               {fmt::format("{:.0f}", refused), refused > 0 ? Colour::yellow : Colour::none},
               bound.empty() ? (flag_of(listener, "drained") ? "drained" : "closed") : bound});
  }
  return table.empty() ? "" : table.to_string(style);
}

std::string sources_text(const json::value& sources, const TextStyle& style) {
  TextTable table({{"TOP SOURCES", Kind::text, Fit::shrinks},
                   {"CONNECTIONS", Kind::number},
                   {"IN", Kind::number},
                   {"OUT", Kind::number}});
  for (const json::value& source : list_of(sources, "sources")) {
    table.add({text_of(source, "source"), fmt::format("{:.0f}", number_of(source, "connections")),
               short_size(number_of(source, "bytes_in")), short_size(number_of(source, "bytes_out"))});
  }
  return table.empty() ? "" : table.to_string(style);
}

}  // namespace

std::string status_text(const StatusAnswers& answers, const TextStyle& style) {
  const Recent recent = recent_of(answers.history);
  std::string text = headline(answers.status, style) + drained_text(answers.status, style) +
                     faults_on_text(answers.status, style) + slow_text(answers.slow, style) +
                     lost_text(answers.status, style);
  for (const std::string& section :
       {listeners_text(answers.status, recent, style), backends_text(answers.status, style), ends_text(recent, style),
        sources_text(answers.sources, style)}) {
    if (!section.empty()) text += "\n" + section;
  }
  return text;
}

}  // namespace weir::admin
