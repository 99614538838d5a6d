#include "server/admin/end_words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::admin {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kWords{{
    {"client_reset", "the client sent a RST"},
    {"server_reset", "the backend sent a RST, or went down"},
    {"client_timeout", "the client stopped answering"},
    {"server_timeout", "the backend stopped answering"},
    {"idle_timeout", "no byte moved for timeouts.idle"},
    {"half_close_timeout", "no byte moved after one side's FIN"},
    {"lifetime", "timeouts.lifetime passed"},
    {"tls_error", "a broken TLS record, or an alert"},
    {"connect_failed", "no backend took the connection"},
    {"server_tls_failed", "the TLS handshake with the backend failed"},
    {"server_tls_untrusted", "the backend's certificate is not trusted"},
    {"server_tls_refused", "the backend says that it speaks no TLS"},
    {"no_backend", "no backend was up"},
    {"queue_timeout", "all backends were full for queue.timeout"},
    {"queue_full", "all backends and the queue were full"},
    {"no_route", "no route is for the name that was asked for"},
    {"refused_limit", "a limit on connections was reached"},
    {"refused_rate", "new connections came too fast"},
    {"refused_handshakes", "too many TLS handshakes were under way"},
    {"refused_resources", "no descriptor, memory or port was left"},
    {"denied", "by the listener's allow and deny"},
    {"header_timeout", "the PROXY header did not come in time"},
    {"bad_proxy_header", "what came was not a PROXY header"},
    {"tls_not_tls", "what came was not TLS"},
    {"tls_handshake_failed", "the TLS handshake with the client failed"},
    {"tls_handshake_timeout", "the TLS handshake did not end in time"},
    {"tls_unknown_name", "no certificate is for the name that was asked for"},
    {"tls_client_rejected", "the client's certificate is missing or refused"},
    {"fault_reset", "reset by a fault that was set"},
    {"fault_end", "ended by a fault that was set"},
    {"fault_refused", "refused by a fault that was set"},
    {"fault_connect_failed", "got no service, by a fault that was set"},
    {"shutdown", "cut by the end of a drain"},
    {"killed", "ended by an operator"},
    {"internal_error", "a fault of Weir; the log says more"},
    {"drained", "ended in order while draining"},
    {"client_truncated", "the client's FIN came without close_notify"},
    {"server_truncated", "the backend's FIN came without close_notify"},
}};

constexpr std::array<std::string_view, 5> kOrderlyEnds{"client_closed", "server_closed", "client_truncated",
                                                       "server_truncated", "drained"};
/// Beside `refused_…`.
constexpr std::array<std::string_view, 4> kRefusedEnds{"denied", "no_route", "tls_unknown_name", "tls_client_rejected"};

}  // namespace

EndKind kind_of_end(std::string_view end) {
  const auto is_one_of = [&](const auto& ends) { return std::find(ends.begin(), ends.end(), end) != ends.end(); };
  if (is_one_of(kOrderlyEnds)) return EndKind::in_order;
  if (end.starts_with("fault_")) return EndKind::injected;
  return end.starts_with("refused_") || is_one_of(kRefusedEnds) ? EndKind::refused : EndKind::failed;
}

std::string_view words_of_end(std::string_view end) {
  for (const auto& [name, words] : kWords) {
    if (name == end) return words;
  }
  return "";
}

}  // namespace weir::admin
