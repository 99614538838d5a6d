#include "server/admin/end_words.hpp"

#include <array>
#include <utility>

namespace weir::admin {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kWords{{
    {"client_reset", "the client sent a RST"},
    {"server_reset", "the backend sent a RST, or went down"},
    {"client_timeout", "the client stopped answering"},
    {"server_timeout", "the backend stopped answering"},
    {"idle_timeout", "no byte moved for timeouts.idle"},
    {"half_close_timeout", "no byte moved after one side's FIN"},
    {"lifetime", "timeouts.lifetime passed"},
    {"connect_failed", "no backend took the connection"},
    {"no_backend", "no backend was up"},
    {"queue_timeout", "all backends were full for queue.timeout"},
    {"queue_full", "all backends and the queue were full"},
    {"refused_limit", "a limit on connections was reached"},
    {"refused_rate", "new connections came too fast"},
    {"refused_resources", "no descriptor, memory or port was left"},
    {"denied", "by the listener's allow and deny"},
    {"header_timeout", "the PROXY header did not come in time"},
    {"bad_proxy_header", "what came was not a PROXY header"},
    {"shutdown", "cut by the end of a drain"},
    {"killed", "ended by an operator"},
    {"internal_error", "a fault of Weir; the log says more"},
    {"drained", "ended in order while draining"},
}};

}  // namespace

EndKind kind_of_end(std::string_view end) {
  if (end == "client_closed" || end == "server_closed" || end == "drained") return EndKind::in_order;
  return end == "denied" || end.starts_with("refused_") ? EndKind::refused : EndKind::failed;
}

std::string_view words_of_end(std::string_view end) {
  for (const auto& [name, words] : kWords) {
    if (name == end) return words;
  }
  return "";
}

}  // namespace weir::admin
