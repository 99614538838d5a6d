#pragma once

#include <memory>

#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"

namespace weir::load {

/// What one connection moves its bytes through: a socket, and TLS over it where the run speaks it. Does not move. Its
/// loop's thread.
///
///     dial() ─▶ socket() ─▶ TlsClient::shake_hands() ─▶ with(…) … ─▶ close() or reset() ─▶ dial() …
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// For dial(), and for what is asked of a socket.
  io::Stream& socket() { return socket_; }
  const io::Stream& socket() const { return socket_; }
  bool valid() const { return socket_.valid(); }
  bool readable() const { return tls_ ? tls_->readable() : socket_.readable(); }
  bool writable() const { return tls_ ? tls_->writable() : socket_.writable(); }

  /// Calls `use(stream)` with the one that carries plain text: compiled for both, one branch for all that it does.
  template <typename Use>
  decltype(auto) with(Use&& use) {
    return tls_ ? use(*tls_) : use(socket_);
  }

  /// TLS over the socket, which stands. Throws std::bad_alloc.
  tls::Stream& begin_tls(tls::Buffers& buffers, tls::SslPtr ssl) {
    tls_ = std::make_unique<tls::Stream>(socket_, buffers, std::move(ssl), tls::Stream::Role::client,
                                         tls::Stream::Truncation::failure);
    return *tls_;
  }

  std::size_t unacknowledged() const { return tls_ ? tls_->unacknowledged() : socket_.unacknowledged(); }

  /// In order: what was written is still delivered, then close_notify and a FIN; but what the socket does not take at
  /// once is lost.
  void close();
  /// By a RST, without close_notify.
  void reset();

 private:
  io::Stream socket_;
  std::unique_ptr<tls::Stream> tls_;
};

}  // namespace weir::load
