#include "server/admin/faults_text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string_view>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/short_figures.hpp"
#include "server/admin/text_table.hpp"

namespace weir::admin {

namespace {

namespace json = boost::json;

/// A value as it is typed: `50ms`, `65536`, `true`.
std::string typed(const json::value& value) {
  if (const json::string* const text = value.if_string()) return terminal_text({text->data(), text->size()});
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  return value.is_double() ? fmt::format("{}", value.get_double()) : "";
}

/// What need not be typed, because it is so anyway.
bool is_default(std::string_view key, const std::string& value) {
  return value.empty() || value == "0" || value == "0s" || value == "false" || value == "uniform" ||
         (key == "probability" && value == "1");
}

/// `latency delay=50ms jitter=10ms`, `bandwidth 100KB/s`: what `weir faults set` would be told.
std::string does(const json::value& fault) {
  const std::string kind = text_of(fault, "kind");
  const json::value& value = member_of(member_of(fault, "definition"), kind);
  if (!value.is_object()) return fmt::format("{} {}", kind, typed(value));
  std::string text = kind;
  for (const auto& entry : value.get_object()) {
    const std::string one = typed(entry.value());
    const std::string_view key(entry.key().data(), entry.key().size());
    if (!is_default(key, one)) text += fmt::format(" {}={}", terminal_text(key), one);
  }
  return text;
}

std::chrono::milliseconds seconds(double number) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * number));
}

/// `10m`; a dash where it stays.
std::string left_of(const json::value& fault) {
  const std::optional<double> left = optional_number(fault, "left_seconds");
  return left ? short_duration(seconds(*left)) : "-";
}

/// `20%`, `20% of sources`
std::string share_of(const json::value& definition) {
  const std::string share = fmt::format("{}%", number_of(definition, "percent"));
  return text_of(definition, "key") == "source" ? share + " of sources" : share;
}

/// Empty for those that act on the connection as a whole.
std::string direction_of(const json::value& fault) {
  const std::string kind = text_of(fault, "kind");
  if (kind == "refuse" || kind == "connect" || kind == "half_open") return "";
  return text_of(member_of(fault, "definition"), "direction");
}

/// As short as a column may be.
std::string way_of(const json::value& fault) {
  const std::string direction = direction_of(fault);
  if (direction == "upstream") return "up";
  if (direction == "downstream") return "down";
  return direction.empty() ? "-" : direction;
}

std::string sources_of(const json::value& definition) {
  std::string sources;
  for (const json::value& source : list_of(definition, "sources")) {
    sources += fmt::format("{}{}", sources.empty() ? "" : " ", typed(source));
  }
  return sources;
}

/// What is allowed, and what lots are drawn by.
std::string headline(const json::value& answer) {
  const std::optional<double> longest = optional_number(answer, "max_for_seconds");
  return fmt::format("seed {}{}; at most {}% of connections{}", typed(member_of(answer, "seed")),
                     flag_of(answer, "seed_was_drawn") ? ", drawn by the daemon" : "", number_of(answer, "max_percent"),
                     longest ? fmt::format(", for at most {} each", short_duration(seconds(*longest))) : "");
}

}  // namespace

std::string faults_text(const json::value& answer, const TextStyle& style) {
  using Kind = TextTable::Kind;
  using Fit = TextTable::Fit;
  TextTable table({{"LISTENER", Kind::text, Fit::shrinks},
                   {"FAULT", Kind::text, Fit::shrinks},
                   {"DOES", Kind::text, Fit::shrinks},
                   {"WAY"},
                   {"SHARE", Kind::number},
                   {"LEFT", Kind::number},
                   {"KIND MET", Kind::number},
                   {"FROM", Kind::text, Fit::optional},
                   {"SET BY", Kind::text, Fit::optional}});
  for (const json::value& listener : list_of(answer, "listeners")) {
    const json::value& met = member_of(listener, "met");
    for (const json::value& fault : list_of(listener, "faults")) {
      const json::value& definition = member_of(fault, "definition");
      const std::string sources = sources_of(definition);
      table.add({text_of(listener, "name"), text_of(fault, "name"), does(fault), way_of(fault), share_of(definition),
                 left_of(fault), fmt::format("{:.0f}", number_of(met, text_of(fault, "kind"))),
                 sources.empty() ? "all" : sources, text_of(fault, "set_by")});
    }
  }
  const std::string allowed = paragraph(headline(answer), Colour::dim, style);
  return table.empty() ? "no faults are set\n" + allowed : table.to_string(style) + allowed;
}

std::string fault_line(const json::value& fault) {
  const json::value& definition = member_of(fault, "definition");
  const std::string duration = text_of(definition, "for");
  const std::string sources = sources_of(definition);
  const std::string share = share_of(definition);
  const std::string direction = direction_of(fault);
  return fmt::format("{} is on{}: {}, {}{}{}{}{}", text_of(fault, "name"), duration.empty() ? "" : " for " + duration,
                     does(fault), direction, direction.empty() ? "" : ", ", share,
                     share.ends_with('%') ? " of connections" : "", sources.empty() ? "" : " from " + sources);
}

}  // namespace weir::admin
