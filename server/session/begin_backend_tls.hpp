#pragma once

#include <cerrno>
#include <string_view>

#include "common/net.hpp"
#include "server/session/backend_connection.hpp"
#include "server/session/session.hpp"

namespace weir {

/// What a connect fails with where the backend's TLS is at fault.
inline constexpr int kTlsFailed = EPROTO;
inline constexpr int kTlsUntrusted = EKEYREJECTED;
inline constexpr int kTlsRefused = EPROTONOSUPPORT;

/// A session whose backend is connected and is to be spoken to in TLS.
struct BackendHandshake {
  Session& session;
  const tls::ClientContext& context;
  tls::StartTls starttls;
  std::string_view host;  ///< whom the backend's certificate must name, unless the context says another
  Session::Time deadline;
  BackendConnection& backend;
};

/// 0 once `backend.tls` is there, else an errno; one of the above says that the backend's TLS is at fault. It may end
/// the session instead.
net::awaitable<int> begin_backend_tls(BackendHandshake handshake);

}  // namespace weir
