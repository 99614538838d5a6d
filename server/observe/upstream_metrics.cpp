#include "server/observe/upstream_metrics.hpp"

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "server/observe/backends_by_name.hpp"
#include "server/observe/metric_family.hpp"

namespace weir {

namespace {

using prometheus::MetricFamily;
using Families = std::vector<MetricFamily>;
using Labels = const MetricLabels&;
using Backend = const BackendSnapshot&;

/// There from the start, so that increase() sees the first one. Others appear once they have happened.
constexpr std::array kConnectFailures{"ECONNREFUSED", "ETIMEDOUT"};

MetricFamily counter(const char* name, const char* help) { return counter_family(name, help); }
MetricFamily gauge(const char* name, const char* help) { return gauge_family(name, help); }

void add_queues(Families& families, const std::vector<UpstreamSnapshot>& upstreams) {
  const auto each = [&](MetricFamily family, auto value_of) {
    for (const UpstreamSnapshot& upstream : upstreams) {
      add_series(family, {metric_label("upstream", upstream.name)}, value_of(upstream));
    }
    families.push_back(std::move(family));
  };
  using Upstream = const UpstreamSnapshot&;
  each(gauge("weir_upstream_waiting_connections", "Connections that wait for a backend."),
       [](Upstream u) { return static_cast<double>(u.waiting); });
  each(gauge("weir_upstream_waiting_connections_limit", "How many connections may wait."),
       [](Upstream u) { return static_cast<double>(u.queue_size); });
  each(histogram_family("weir_upstream_queue_wait_seconds", "How long those waited that had to."),
       [](Upstream u) -> const Distribution& { return u.queue_waits; });
}

/// A backend with the labels of its series.
struct Row {
  MetricLabels labels;
  BackendSnapshot backend;
};

class BackendFamilies {
 public:
  BackendFamilies(Families& families, const std::vector<UpstreamSnapshot>& upstreams) : families_(families) {
    for (const UpstreamSnapshot& upstream : upstreams) {
      for (BackendSnapshot& backend : backends_by_name(upstream.backends)) {
        rows_.push_back(
            {{metric_label("upstream", upstream.name), metric_label("backend", backend.name)}, std::move(backend)});
      }
    }
  }

  /// One number for each backend.
  template <typename ValueOf>
  void value(MetricFamily family, ValueOf value_of) {
    for (const Row& row : rows_) add_series(family, row.labels, static_cast<double>(value_of(row.backend)));
    families_.push_back(std::move(family));
  }

  /// As many series for each backend as `add` makes.
  template <typename Add>
  void series(MetricFamily family, Add add) {
    for (const Row& row : rows_) add(family, row.labels, row.backend);
    families_.push_back(std::move(family));
  }

 private:
  Families& families_;
  std::vector<Row> rows_;
};

void add_states(BackendFamilies& backends) {
  backends.value(gauge("weir_backend_up", "Whether the backend gets new connections."),
                 [](Backend b) { return b.state == BackendState::up ? 1 : 0; });
  backends.value(gauge("weir_backend_healthy", "Whether its checks say that the backend is well."),
                 [](Backend b) { return b.healthy ? 1 : 0; });
  backends.series(gauge("weir_backend_state", "1 for the state that the backend is in, 0 for the others."),
                  [](MetricFamily& family, Labels labels, Backend b) {
                    for (std::size_t i = 0; i < kBackendStates; ++i) {
                      const auto state = static_cast<BackendState>(i);
                      add_series(family, with_label(labels, "state", to_string(state)), b.state == state ? 1 : 0);
                    }
                  });
  backends.value(gauge("weir_backend_state_change_timestamp_seconds", "When it came into that state, in unix time."),
                 [](Backend b) { return std::chrono::duration<double>(b.since.time_since_epoch()).count(); });
  backends.value(gauge("weir_backend_backup", "Whether it serves only while no other backend is up."),
                 [](Backend b) { return b.backup ? 1 : 0; });
  backends.value(gauge("weir_backend_weight", "Its configured weight."), [](Backend b) { return b.weight; });
  backends.value(gauge("weir_backend_share_ratio", "Its share of the weights of all that get new connections."),
                 [](Backend b) { return b.share; });
}

void add_traffic(BackendFamilies& backends) {
  backends.value(gauge("weir_backend_connections_active", "Connections that the backend has."),
                 [](Backend b) { return b.active; });
  backends.series(gauge("weir_backend_connections_limit", "How many connections the backend may have."),
                  [](MetricFamily& family, Labels labels, Backend b) {
                    if (b.max_connections > 0) add_series(family, labels, b.max_connections);
                  });
  backends.value(counter("weir_backend_connects_total", "Connects that succeeded."),
                 [](Backend b) { return b.connects; });
  backends.series(counter("weir_backend_connect_failures_total", "Connects that failed, by the name of the error."),
                  [](MetricFamily& family, Labels labels, Backend b) {
                    std::map<std::string, std::uint64_t> failures = b.connect_failures;
                    for (const char* reason : kConnectFailures) failures.try_emplace(reason, 0);
                    for (const auto& [reason, count] : failures) {
                      add_series(family, with_label(labels, "reason", reason), static_cast<double>(count));
                    }
                  });
  backends.series(histogram_family("weir_backend_connect_seconds", "How long the connects took that succeeded."),
                  [](MetricFamily& family, Labels labels, Backend b) { add_series(family, labels, b.connect_times); });
  backends.series(counter("weir_backend_bytes_total", "Bytes written to the backend (to) and read from it (from)."),
                  [](MetricFamily& family, Labels labels, Backend b) {
                    add_series(family, with_label(labels, "direction", "to"), static_cast<double>(b.bytes_to));
                    add_series(family, with_label(labels, "direction", "from"), static_cast<double>(b.bytes_from));
                  });
  backends.series(counter("weir_backend_checks_total", "Checks of the backend, by their result."),
                  [](MetricFamily& family, Labels labels, Backend b) {
                    add_series(family, with_label(labels, "result", "passed"), static_cast<double>(b.checks_passed));
                    add_series(family, with_label(labels, "result", "failed"), static_cast<double>(b.checks_failed));
                  });
  backends.value(counter("weir_backend_ejections_total", "How often it was left out because connects failed."),
                 [](Backend b) { return b.ejections; });
}

}  // namespace

std::vector<MetricFamily> upstream_metrics(const ServerSnapshot& snapshot) {
  Families families;
  add_queues(families, snapshot.upstreams);
  BackendFamilies backends(families, snapshot.upstreams);
  add_states(backends);
  add_traffic(backends);
  return families;
}

}  // namespace weir
