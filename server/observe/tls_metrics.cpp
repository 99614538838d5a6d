#include "server/observe/tls_metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "server/observe/backends_by_name.hpp"
#include "server/observe/metric_family.hpp"

namespace weir {

namespace {

using prometheus::MetricFamily;
using Families = std::vector<MetricFamily>;

void add_handshakes(MetricFamily& family, const MetricLabels& labels, const ListenerTlsSnapshot& tls) {
  const auto with_result = [&](HandshakeResult result) { return with_label(labels, "result", to_string(result)); };
  for (std::size_t version = 0; version < kTlsVersions.size(); ++version) {
    const MetricLabels done = with_label(with_result(HandshakeResult::done), "version", kTlsVersions[version]);
    add_series(family, with_label(done, "resumed", "false"), static_cast<double>(tls.done[version][0]));
    add_series(family, with_label(done, "resumed", "true"), static_cast<double>(tls.done[version][1]));
  }
  // These came to neither a version nor a session.
  for (std::size_t i = static_cast<std::size_t>(HandshakeResult::done) + 1; i < kHandshakeResults; ++i) {
    add_series(family, with_result(static_cast<HandshakeResult>(i)), static_cast<double>(tls.failed[i]));
  }
}

void add_listeners(Families& families, const std::vector<ListenerSnapshot>& listeners) {
  const auto each = [&](MetricFamily family, auto add) {
    for (const ListenerSnapshot& listener : listeners) {
      if (listener.tls) add(family, MetricLabels{metric_label("listener", listener.name)}, *listener.tls);
    }
    families.push_back(std::move(family));
  };
  using Labels = const MetricLabels&;
  using Tls = const ListenerTlsSnapshot&;
  each(counter_family("weir_tls_handshakes_total", "TLS handshakes of clients, by how they ended."), add_handshakes);
  each(histogram_family("weir_tls_handshake_seconds", "How long the handshakes of clients took that succeeded."),
       [](MetricFamily& family, Labels labels, Tls tls) { add_series(family, labels, tls.handshake_times); });
  each(gauge_family("weir_tls_handshakes_in_progress", "Handshakes of clients that are under way."),
       [](MetricFamily& family, Labels labels, Tls tls) {
         add_series(family, labels, static_cast<double>(tls.in_progress));
       });
  each(gauge_family("weir_tls_handshakes_waiting", "Clients whose handshake may not begin yet."),
       [](MetricFamily& family, Labels labels, Tls tls) {
         add_series(family, labels, static_cast<double>(tls.waiting));
       });
  each(counter_family("weir_tls_key_updates_total", "Times that clients changed their keys."),
       [](MetricFamily& family, Labels labels, Tls tls) {
         add_series(family, labels, static_cast<double>(tls.key_updates));
       });
}

/// The backends with TLS, each with its labels.
std::vector<std::pair<MetricLabels, BackendTlsSnapshot>> backends_with_tls(
    const std::vector<UpstreamSnapshot>& upstreams) {
  std::vector<std::pair<MetricLabels, BackendTlsSnapshot>> rows;
  for (const UpstreamSnapshot& upstream : upstreams) {
    for (const BackendSnapshot& backend : backends_by_name(upstream.backends)) {
      if (!backend.tls) continue;
      rows.emplace_back(MetricLabels{metric_label("upstream", upstream.name), metric_label("backend", backend.name)},
                        *backend.tls);
    }
  }
  return rows;
}

void add_truncated(Families& families, const ServerSnapshot& snapshot) {
  MetricFamily& family =
      families.emplace_back(counter_family("weir_tls_truncated_total", "FINs without close_notify, by whose it was."));
  for (const ListenerSnapshot& listener : snapshot.listeners) {
    if (!listener.tls) continue;
    add_series(family, {metric_label("side", "client"), metric_label("listener", listener.name)},
               static_cast<double>(listener.tls->truncated));
  }
  for (const auto& [labels, tls] : backends_with_tls(snapshot.upstreams)) {
    add_series(family, with_label(labels, "side", "server"), static_cast<double>(tls.truncated));
  }
}

void add_backends(Families& families, const std::vector<UpstreamSnapshot>& upstreams) {
  MetricFamily& family = families.emplace_back(
      counter_family("weir_backend_tls_handshakes_total", "TLS handshakes with the backend, by how they ended."));
  for (const auto& [labels, tls] : backends_with_tls(upstreams)) {
    for (std::size_t i = 0; i < kBackendHandshakeResults; ++i) {
      const std::string_view result = to_string(static_cast<BackendHandshakeResult>(i));
      add_series(family, with_label(labels, "result", result), static_cast<double>(tls.handshakes[i]));
    }
  }
}

void add_certificates(Families& families, const TlsSnapshot& tls) {
  // Several listeners may show one certificate, and a series stands once: with the time that comes first.
  std::map<std::pair<std::string, std::string>, WallTime> expiries;
  for (const CertificateSnapshot& certificate : tls.certificates) {
    const auto [at, is_new] = expiries.try_emplace({certificate.name, certificate.file}, certificate.expires);
    if (!is_new) at->second = std::min(at->second, certificate.expires);
  }
  MetricFamily& expiry = families.emplace_back(
      gauge_family("weir_tls_certificate_expiry_seconds", "When the certificate expires, in unix time."));
  for (const auto& [certificate, expires] : expiries) {
    add_series(expiry, {metric_label("name", certificate.first), metric_label("file", certificate.second)},
               std::chrono::duration<double>(expires.time_since_epoch()).count());
  }
  const auto results = [&](const char* name, const char* help, const char* one, std::uint64_t count, const char* other,
                           std::uint64_t others) {
    MetricFamily& family = families.emplace_back(counter_family(name, help));
    add_series(family, {metric_label("result", one)}, static_cast<double>(count));
    add_series(family, {metric_label("result", other)}, static_cast<double>(others));
  };
  results("weir_tls_certificate_reloads_total", "Times that certificates were read again because files had changed.",
          "done", tls.reloads, "failed", tls.failed_reloads);
  results("weir_tls_ticket_total", "Session tickets that clients showed, by whether their key is known.", "accepted",
          tls.tickets_accepted, "unknown_key", tls.tickets_unknown);
}

}  // namespace

std::vector<MetricFamily> tls_metrics(const ServerSnapshot& snapshot) {
  Families families;
  add_listeners(families, snapshot.listeners);
  add_backends(families, snapshot.upstreams);
  add_truncated(families, snapshot);
  if (snapshot.tls) add_certificates(families, *snapshot.tls);
  return families;
}

}  // namespace weir
