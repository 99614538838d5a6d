#include "server/admin/connections_text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/short_figures.hpp"
#include "server/admin/text_table.hpp"

namespace weir::admin {

namespace {

namespace json = boost::json;
using Kind = TextTable::Kind;
using Fit = TextTable::Fit;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string duration_text(const json::value& connection, std::string_view key) {
  return short_duration(std::chrono::milliseconds(static_cast<std::int64_t>(number_of(connection, key))));
}

/// A rate is null until the connection was looked at twice.
std::string rate_text(const json::value& connection) {
  const std::optional<double> in = optional_number(connection, "rate_in");
  const std::optional<double> out = optional_number(connection, "rate_out");
  return in || out ? short_size(in.value_or(0) + out.value_or(0)) : "-";
}

/// `TLSv1.3`; `yes` where it is passed through, or not that far yet; null is a plain connection, or a daemon that knows
/// no TLS.
std::string tls_text(const json::value& connection, std::string_view key) {
  const json::value* const tls = connection.as_object().if_contains("tls");
  if (tls == nullptr || !tls->is_object()) return "-";
  const std::string text = text_of(*tls, key);
  return text.empty() && key == "version" ? "yes" : or_dash(text);
}

/// The names of the faults that it met.
std::string faults_text(const json::value& connection) {
  std::string names;
  for (const json::value& name : list_of(member_of(connection, "faults"), "names")) {
    if (!name.is_string()) continue;
    if (!names.empty()) names += ',';
    names += terminal_text(std::string_view(name.get_string()));
  }
  return or_dash(names);
}

std::string count_text(const json::value& connection, std::string_view key) {
  const std::optional<double> count = optional_number(connection, key);
  return count ? fmt::format("{:.0f}", *count) : "-";
}

void add_row(TextTable& table, const json::value& connection) {
  const std::string proxied = text_of(connection, "proxied_client");
  const std::string slow = text_of(connection, "slow_side");
  const std::optional<double> rtt = optional_number(connection, "rtt_us");
  const Colour mark = slow.empty() ? Colour::none : Colour::red;
  table.add({count_text(connection, "id"),
             proxied.empty() ? text_of(connection, "client") : proxied,
             or_dash(text_of(connection, "backend")),
             duration_text(connection, "idle_ms"),
             rate_text(connection),
             {short_size(number_of(connection, "kept_for_client") + number_of(connection, "kept_for_backend")), mark},
             {or_dash(slow), mark},
             text_of(connection, "listener"),
             duration_text(connection, "age_ms"),
             text_of(connection, "stage"),
             short_size(number_of(connection, "bytes_in")),
             short_size(number_of(connection, "bytes_out")),
             rtt ? bound_duration(*rtt / 1e6) : "-",
             count_text(connection, "retransmits"),
             proxied.empty() ? "-" : text_of(connection, "client"),
             tls_text(connection, "version"),
             tls_text(connection, "sni"),
             faults_text(connection),
             count_text(connection, "worker")});
}

}  // namespace

std::string connections_text(const json::value& page, const TextStyle& style) {
  const json::array& connections = list_of(page, "connections");
  const double matched = number_of(page, "matched");
  const double total = number_of(page, "total");
  std::string text = counted(total, "connection");
  if (matched != total) text += fmt::format("; {:.0f} {}", matched, matched == 1 ? "matches" : "match");
  if (const auto shown = static_cast<double>(connections.size()); shown < matched) {
    text += fmt::format("; the first {:.0f} are shown, --limit N shows more", shown);
  }
  const json::value* const complete = page.as_object().if_contains("complete");
  if (complete != nullptr && complete->is_bool() && !complete->as_bool()) {
    text += "; a worker did not answer in time, and its connections are missing";
  }
  text = paragraph(text, Colour::none, style);
  TextTable table({{"ID", Kind::number},
                   {"CLIENT", Kind::text, Fit::shrinks},
                   {"BACKEND", Kind::text, Fit::shrinks},
                   {"IDLE", Kind::number},
                   {"B/s", Kind::number},
                   {"KEPT", Kind::number},
                   {"SLOW SIDE"},
                   {"LISTENER", Kind::text, Fit::optional},
                   {"AGE", Kind::number, Fit::optional},
                   {"STAGE", Kind::text, Fit::optional},
                   {"IN", Kind::number, Fit::optional},
                   {"OUT", Kind::number, Fit::optional},
                   {"RTT", Kind::number, Fit::optional},
                   {"RETRANSMITS", Kind::number, Fit::optional},
                   {"VIA", Kind::text, Fit::optional},
                   {"TLS", Kind::text, Fit::optional},
                   {"SNI", Kind::text, Fit::optional},
                   {"FAULTS", Kind::text, Fit::optional},
                   {"WORKER", Kind::number, Fit::optional}});
  for (const json::value& connection : connections) add_row(table, connection);
  return table.empty() ? text : text + table.to_string(style);
}

}  // namespace weir::admin
