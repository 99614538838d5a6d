#pragma once

#include <memory>

#include "common/tls/openssl.hpp"

namespace weir::tls {

/// The newest session that connections of a client were given by one server, for the next of them to resume. Lives
/// longer than those that were attached. One thread, as their context.
class ResumableSession {
 public:
  ResumableSession() = default;
  ResumableSession(const ResumableSession&) = delete;
  ResumableSession& operator=(const ResumableSession&) = delete;

  /// Before the handshake: the connection resumes the session, if there is one, and those that it is given, with the
  /// handshake or with what is read later (RFC 8446, 4.6.1), take its place.
  void attach(SSL& ssl);
  bool is_known() const { return session_ != nullptr; }

 private:
  static int take(SSL* ssl, SSL_SESSION* session);

  std::unique_ptr<SSL_SESSION, Free<SSL_SESSION_free>> session_;
};

/// For a connection that is dropped without close_notify on purpose: without this, OpenSSL lets nobody resume its
/// session (SSL_set_shutdown(3)).
void keep_resumable(SSL& ssl);

}  // namespace weir::tls
