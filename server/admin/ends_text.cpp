#include "server/admin/ends_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "server/admin/short_figures.hpp"
#include "server/admin/text_table.hpp"

namespace weir::admin {

namespace {

constexpr std::size_t kMostCauses = 10;

struct Cause {
  double count;
  std::string listener;
  std::string end;
  EndKind kind;
};

std::vector<Cause> sorted_causes(const Recent& recent) {
  std::vector<Cause> causes;
  for (const auto& [listener, counts] : recent.listeners) {
    for (const auto& [end, count] : counts.ended) {
      if (count > 0 && kind_of_end(end) != EndKind::in_order)
        causes.push_back({count, listener, end, kind_of_end(end)});
    }
  }
  // Failures before refusals and faults, which somebody wished for.
  std::stable_sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
    const bool a_failed = a.kind == EndKind::failed;
    if (a_failed != (b.kind == EndKind::failed)) return a_failed;
    return a.count > b.count;
  });
  return causes;
}

const char* word_of(EndKind kind) {
  if (kind == EndKind::failed) return "failed";
  return kind == EndKind::injected ? "on purpose" : "refused";
}

std::string connects_text(const Recent& recent, const TextStyle& style) {
  std::string text;
  for (const auto& [name, upstream] : recent.upstreams) {
    if (upstream.connect_failures == 0) continue;
    text += paragraph(fmt::format("{:.0f} of {} to the backends of {} failed", upstream.connect_failures,
                                  counted(upstream.connects + upstream.connect_failures, "connect"), name),
                      Colour::red, style);
  }
  return text;
}

}  // namespace

double count_of_ends(const Recent::Listener& listener, EndKind kind) {
  double sum = 0;
  for (const auto& [end, count] : listener.ended) sum += kind_of_end(end) == kind ? count : 0;
  return sum;
}

std::string ends_text(const Recent& recent, const TextStyle& style) {
  if (recent.span.count() == 0) return "";
  double failed = 0;
  double refused = 0;
  double injected = 0;
  double all = 0;
  for (const auto& [name, listener] : recent.listeners) {
    failed += count_of_ends(listener, EndKind::failed);
    refused += count_of_ends(listener, EndKind::refused);
    injected += count_of_ends(listener, EndKind::injected);
    all += count_of_ends(listener, EndKind::in_order);
  }
  all += failed + refused + injected;
  std::string text =
      fmt::format("Of {} that ended in the last {}, {:.0f} failed and {:.0f} {} refused.\n", counted(all, "connection"),
                  short_duration(recent.span), failed, refused, refused == 1 ? "was" : "were");
  if (injected > 0) text += fmt::format("Faults that were set on purpose ended {:.0f}.\n", injected);
  TextTable table({{"COUNT", TextTable::Kind::number},
                   {"LISTENER", TextTable::Kind::text, TextTable::Fit::shrinks},
                   {"END"},
                   {""},
                   {"MEANING", TextTable::Kind::text, TextTable::Fit::shrinks}});
  const std::vector<Cause> causes = sorted_causes(recent);
  for (std::size_t i = 0; i < std::min(causes.size(), kMostCauses); ++i) {
    const Colour colour = causes[i].kind == EndKind::failed ? Colour::red : Colour::yellow;
    table.add({fmt::format("{:.0f}", causes[i].count),
               causes[i].listener,
               {causes[i].end, colour},
               {word_of(causes[i].kind), colour},
               std::string(words_of_end(causes[i].end))});
  }
  if (!table.empty()) text += table.to_string(style);
  return text + connects_text(recent, style);
}

}  // namespace weir::admin
