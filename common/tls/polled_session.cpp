#include "common/tls/polled_session.hpp"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace weir::tls {

PolledSession::PolledSession(int fd, SslPtr ssl) : fd_(fd), ssl_(std::move(ssl)) {
  if (ssl_ == nullptr || ::SSL_set_fd(ssl_.get(), fd) != 1) throw std::bad_alloc();
  ::SSL_set_read_ahead(ssl_.get(), 0);
  ::SSL_set_connect_state(ssl_.get());
}

bool PolledSession::handshake(io::Clock::time_point deadline) {
  for (;;) {
    ::ERR_clear_error();
    errno = 0;
    const int result = ::SSL_do_handshake(ssl_.get());
    if (result == 1) return true;
    if (const int error = failure(result); error != EAGAIN) {
      if (problem_.empty()) problem_ = error == 0 ? "the peer closed the connection" : std::strerror(error);
      return false;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - io::Clock::now()).count();
    pollfd waiting{fd_, static_cast<short>(SSL_want_write(ssl_.get()) ? POLLOUT : POLLIN), 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000))) == 0) {
      problem_ = "it took too long";
      return false;
    }
  }
}

ssize_t PolledSession::read(char* buffer, std::size_t size) {
  std::size_t bytes = 0;
  ::ERR_clear_error();
  errno = 0;
  const int result = ::SSL_read_ex(ssl_.get(), buffer, size, &bytes);
  if (result == 1) return static_cast<ssize_t>(bytes);
  errno = failure(result);
  return errno == 0 ? 0 : -1;
}

ssize_t PolledSession::write(const char* data, std::size_t size) {
  std::size_t bytes = 0;
  ::ERR_clear_error();
  errno = 0;
  const int result = ::SSL_write_ex(ssl_.get(), data, size, &bytes);
  if (result == 1) return static_cast<ssize_t>(bytes);
  errno = failure(result);
  if (errno == 0) errno = EPIPE;
  return -1;
}

void PolledSession::finish() {
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_.get());
  ::shutdown(fd_, SHUT_WR);
}

int PolledSession::failure(int result) {
  const int error = errno;
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      if (error != 0) return error;
      problem_ = "the peer closed the connection without close_notify";
      return EPROTO;
    default:
      break;
  }
  const unsigned long code = ::ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  const long verified = ::SSL_get_verify_result(ssl_.get());
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    problem_ = "the peer closed the connection without close_notify";
  } else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    untrusted_ = true;
    problem_ = ::X509_verify_cert_error_string(verified);
  } else {
    const char* text = ::ERR_reason_error_string(code);
    problem_ = text != nullptr ? text : "unknown error";
  }
  ::ERR_clear_error();
  return EPROTO;
}

}  // namespace weir::tls
