#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "common/io/timer_wheel.hpp"
#include "common/tls/openssl.hpp"

namespace weir::tls {

/// A client's TLS over one non-blocking socket that its owner polls (poll(2)), where there is no event loop. A read
/// takes a whole record, so that nothing is left that poll(2) would not know of. The process must ignore SIGPIPE.
/// Borrows the socket. One thread.
class PolledSession {
 public:
  /// What a read or write is given at least, and at most: the plain text of a record.
  static constexpr std::size_t kRecord = 16 * 1024;

  /// Throws std::bad_alloc, also where `ssl` is null.
  PolledSession(int fd, SslPtr ssl);

  /// Blocks. True when it is done; else problem() says why.
  bool handshake(io::Clock::time_point deadline);
  /// In OpenSSL's words, or the peer's alert.
  const std::string& problem() const { return problem_; }
  /// Whether the handshake failed because of the peer's certificate.
  bool is_untrusted() const { return untrusted_; }

  /// As recv(2) with a buffer of kRecord and send(2): 0 is the peer's close_notify; errno is EAGAIN, EPROTO (see
  /// problem()), or the socket's. A write that was refused with EAGAIN is to be repeated with the same bytes.
  ssize_t read(char* buffer, std::size_t size);
  ssize_t write(const char* data, std::size_t size);
  /// close_notify, and a FIN behind it.
  void finish();

 private:
  /// errno after a call of OpenSSL that gave nothing; 0 for the peer's close_notify.
  int failure(int result);

  int fd_;
  SslPtr ssl_;
  std::string problem_;
  bool untrusted_ = false;
};

}  // namespace weir::tls
