#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/observe/session_record.hpp"

/// What metrics tell apart of TLS handshakes. A name is the enumerator's.
namespace weir {

/// How a client's handshake ended.
enum class HandshakeResult : std::uint8_t {
  done,
  failed,           ///< nothing in common, broken, or the client sent an alert
  timeout,          ///< not within `timeouts.handshake`
  not_tls,          ///< what came first was no TLS, where it must be
  unknown_name,     ///< no certificate or route is for the name
  client_rejected,  ///< by the client's certificate, or for want of one
  abandoned,        ///< it ended before, for another reason: the client left, or the daemon ended
};
inline constexpr std::size_t kHandshakeResults = static_cast<std::size_t>(HandshakeResult::abandoned) + 1;
std::string_view to_string(HandshakeResult result);
/// Of a handshake that was under way when its connection ended so.
HandshakeResult handshake_result_of(SessionEnd end);

/// How a handshake with a backend ended.
enum class BackendHandshakeResult : std::uint8_t {
  done,
  failed,     ///< nothing in common, broken, or the backend sent an alert or left
  timeout,    ///< not within `connect.timeout`
  untrusted,  ///< the backend's certificate is refused
  refused,    ///< it says that it speaks no TLS (STARTTLS)
};
inline constexpr std::size_t kBackendHandshakeResults = static_cast<std::size_t>(BackendHandshakeResult::refused) + 1;
std::string_view to_string(BackendHandshakeResult result);

}  // namespace weir
