#pragma once

#include <string>
#include <string_view>

#include "common/tls/openssl.hpp"

namespace weir::tls {

/// A client's end of TLS for those who have no io::Stream: what came from the socket goes in, and what is due to it
/// comes out, so that whoever carries the bytes waits as it likes. One thread at a time.
class Engine {
 public:
  enum class Status {
    done,
    waiting,  ///< for more from the peer
    ended,    ///< its close_notify came
    failed,   ///< problem() says why
  };

  /// Throws std::bad_alloc.
  explicit Engine(SslPtr ssl);

  /// Bytes that came from the peer.
  void take(std::string_view records);
  /// The bytes that are due to it, which are the caller's from then on. Look after each of the calls below.
  std::string due();

  Status handshake();
  /// Plain text for the peer, once the handshake is done.
  Status write(std::string_view text);
  /// Appends what the peer has said; never `done`.
  Status read(std::string& text);
  /// Says close_notify.
  void finish();

  /// Why it failed, for people.
  const std::string& problem() const { return problem_; }

 private:
  Status status_of(int result);

  SslPtr ssl_;
  BIO* in_;   ///< of `ssl_`
  BIO* out_;  ///< likewise
  std::string problem_;
};

}  // namespace weir::tls
