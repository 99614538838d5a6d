#include "common/tls/resumption.hpp"

#include <new>

namespace weir::tls {

namespace {

/// Where a connection holds its ResumableSession.
int place() {
  static const int index = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

void ResumableSession::attach(SSL& ssl) {
  SSL_CTX* context = ::SSL_get_SSL_CTX(&ssl);
  // OpenSSL's own cache has no use for a client: it does not know which session is for whom.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(context, take);
  ::SSL_clear_options(&ssl, SSL_OP_NO_TICKET);
  if (::SSL_set_ex_data(&ssl, place(), this) != 1) throw std::bad_alloc();
  if (session_ != nullptr) ::SSL_set_session(&ssl, session_.get());
}

/// OpenSSL's new-session callback: 1 keeps the reference that it comes with.
int ResumableSession::take(SSL* ssl, SSL_SESSION* session) {
  auto* const self = static_cast<ResumableSession*>(::SSL_get_ex_data(ssl, place()));
  if (self == nullptr || ::SSL_SESSION_is_resumable(session) != 1) return 0;
  self->session_.reset(session);
  return 1;
}

void keep_resumable(SSL& ssl) { ::SSL_set_shutdown(&ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

}  // namespace weir::tls
