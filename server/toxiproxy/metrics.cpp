#include "server/toxiproxy/metrics.hpp"

#include "common/metrics/metric_family.hpp"

namespace weir::toxiproxy {

namespace {

MetricLabels labels_of(const Proxy& proxy, std::string_view direction) {
  return {metric_label("direction", direction), metric_label("listener", proxy.listen),
          metric_label("proxy", proxy.name), metric_label("upstream", proxy.upstream)};
}

}  // namespace

std::string metrics_text(const std::vector<RunningProxy>& proxies) {
  auto received = counter_family("toxiproxy_proxy_received_bytes_total", "Bytes that clients of a proxy have sent.");
  auto sent = counter_family("toxiproxy_proxy_sent_bytes_total", "Bytes that clients of a proxy have got.");
  for (const RunningProxy& one : proxies) {
    add_series(received, labels_of(one.proxy, "upstream"), static_cast<double>(one.bytes_in));
    add_series(sent, labels_of(one.proxy, "downstream"), static_cast<double>(one.bytes_out));
  }
  return to_prometheus_text({received, sent});
}

}  // namespace weir::toxiproxy
