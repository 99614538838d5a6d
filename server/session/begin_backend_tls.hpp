#pragma once

#include <string_view>

#include "common/net.hpp"
#include "server/session/backend_connection.hpp"
#include "server/session/session.hpp"
#include "server/upstream/connect_error.hpp"

namespace weir {

/// A session whose backend is connected and is to be spoken to in TLS.
struct BackendHandshake {
  Session& session;
  const tls::ClientContext& context;
  tls::StartTls starttls;
  std::string_view host;  ///< whom the backend's certificate must name, unless the context says another
  Session::Time deadline;
  BackendConnection& backend;
};

/// Asks a backend that is connected, a PostgreSQL, for TLS, for a client whose own is passed through. As below.
net::awaitable<int> ask_backend_for_tls(Session& session, BackendConnection& backend, Session::Time deadline);

/// 0 once `backend.tls` is there, else an errno; one of the above says that the backend's TLS is at fault. It may end
/// the session instead.
net::awaitable<int> begin_backend_tls(BackendHandshake handshake);

}  // namespace weir
