#pragma once

#include <utility>

#include "common/io/descriptor.hpp"

namespace weir::io {

/// Makes the next close of the socket send a RST (SO_LINGER 0, socket(7)).
void set_reset_on_close(int fd);

/// Owns a connected stream socket that ends with a RST unless close() was called: a FIN says that all was delivered,
/// and whoever is unwound while it holds a connection, or finds no memory for it, must not say so by accident.
/// Any thread, one at a time.
class StreamSocket {
 public:
  StreamSocket() = default;
  StreamSocket(Descriptor socket) : socket_(std::move(socket)) {}
  StreamSocket(StreamSocket&&) = default;
  StreamSocket& operator=(StreamSocket&& other) noexcept {
    if (this != &other) {
      reset();
      socket_ = std::move(other.socket_);
    }
    return *this;
  }
  ~StreamSocket() { reset(); }

  int get() const { return socket_.get(); }
  explicit operator bool() const { return static_cast<bool>(socket_); }

  /// Closes in order: what was written is still delivered, then a FIN. (Unread input makes the kernel reset instead.)
  void close() { socket_.close(); }
  /// Closes with a RST; what is unsent is gone.
  void reset() {
    if (!socket_) return;
    set_reset_on_close(socket_.get());
    socket_.close();
  }

 private:
  Descriptor socket_;
};

}  // namespace weir::io
