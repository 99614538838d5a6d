#include "server/observe/handshake_result.hpp"

#include <array>

namespace weir {

std::string_view to_string(HandshakeResult result) {
  constexpr std::array<std::string_view, kHandshakeResults> kNames{
      "done", "failed", "timeout", "not_tls", "unknown_name", "client_rejected", "abandoned"};
  return kNames[static_cast<std::size_t>(result)];
}

HandshakeResult handshake_result_of(SessionEnd end) {
  switch (end) {
    case SessionEnd::tls_handshake_failed:
    case SessionEnd::tls_error:
      return HandshakeResult::failed;
    case SessionEnd::tls_handshake_timeout:
    case SessionEnd::refused_handshakes:
      return HandshakeResult::timeout;
    case SessionEnd::tls_not_tls:
      return HandshakeResult::not_tls;
    case SessionEnd::tls_unknown_name:
    case SessionEnd::no_route:
      return HandshakeResult::unknown_name;
    case SessionEnd::tls_client_rejected:
      return HandshakeResult::client_rejected;
    default:
      return HandshakeResult::abandoned;
  }
}

std::string_view to_string(BackendHandshakeResult result) {
  constexpr std::array<std::string_view, kBackendHandshakeResults> kNames{"done", "failed", "timeout", "untrusted",
                                                                          "refused"};
  return kNames[static_cast<std::size_t>(result)];
}

}  // namespace weir
