#include "server/observe/listener_metrics.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "server/observe/metric_family.hpp"

namespace weir {

namespace {

using prometheus::MetricFamily;

/// There from the start, so that increase() sees the first one. Others appear once they have happened.
constexpr std::array kAcceptErrors{"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"};

}  // namespace

std::vector<MetricFamily> listener_metrics(const ServerSnapshot& snapshot) {
  std::vector<MetricFamily> families;
  const auto each = [&](MetricFamily family, auto add) {
    for (const ListenerSnapshot& listener : snapshot.listeners) {
      add(family, MetricLabels{metric_label("listener", listener.name)}, listener);
    }
    families.push_back(std::move(family));
  };
  const auto counter = [](const char* name, const char* help) { return counter_family(name, help); };
  const auto gauge = [](const char* name, const char* help) { return gauge_family(name, help); };
  using Labels = const MetricLabels&;
  using Listener = const ListenerSnapshot&;

  each(gauge("weir_listener_info", "What the listener serves."), [](MetricFamily& family, Labels labels, Listener l) {
    add_series(family, with_label(with_label(labels, "service", l.service), "upstream", l.upstream), 1);
  });
  each(gauge("weir_listener_accepting", "Whether the listener's sockets are open."),
       [](MetricFamily& family, Labels labels, Listener l) { add_series(family, labels, l.bound.empty() ? 0 : 1); });
  each(gauge("weir_listener_drained", "Whether an operator has drained the listener."),
       [](MetricFamily& family, Labels labels, Listener l) { add_series(family, labels, l.drained ? 1 : 0); });
  each(counter("weir_connections_total", "Accepted connections, refused ones included."),
       [](MetricFamily& family, Labels labels, Listener l) {
         add_series(family, labels, static_cast<double>(l.accepted));
       });
  each(gauge("weir_connections_active", "Connections that have not ended."),
       [](MetricFamily& family, Labels labels, Listener l) {
         add_series(family, labels, static_cast<double>(l.active));
       });
  each(counter("weir_connections_ended_total", "Connections that ended, by how they ended."),
       [](MetricFamily& family, Labels labels, Listener l) {
         for (std::size_t i = 0; i < kSessionEnds; ++i) {
           const auto end = static_cast<SessionEnd>(i);
           add_series(family, with_label(labels, "end", to_string(end)), static_cast<double>(l.ended_as(end)));
         }
       });
  each(counter("weir_connections_refused_total", "Refused connections, by the limit that refused them."),
       [](MetricFamily& family, Labels labels, Listener l) {
         for (const auto& [limit, count] : l.refusals) {
           add_series(family, with_label(labels, "limit", limit), static_cast<double>(count));
         }
       });
  each(counter("weir_bytes_total", "Bytes read from clients (in) and written to them (out)."),
       [](MetricFamily& family, Labels labels, Listener l) {
         add_series(family, with_label(labels, "direction", "in"), static_cast<double>(l.bytes_in));
         add_series(family, with_label(labels, "direction", "out"), static_cast<double>(l.bytes_out));
       });
  each(counter("weir_accept_errors_total", "Accepts that failed, by the name of the error."),
       [](MetricFamily& family, Labels labels, Listener l) {
         std::map<std::string, std::uint64_t> errors = l.accept_errors;
         for (const char* reason : kAcceptErrors) errors.try_emplace(reason, 0);
         for (const auto& [reason, count] : errors) {
           add_series(family, with_label(labels, "reason", reason), static_cast<double>(count));
         }
       });
  each(histogram_family("weir_connection_duration_seconds", "How long the connections that ended had lived."),
       [](MetricFamily& family, Labels labels, Listener l) { add_series(family, labels, l.durations); });
  return families;
}

}  // namespace weir
