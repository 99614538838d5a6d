#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "common/io/event_loop.hpp"
#include "common/io/pipe_pool.hpp"
#include "common/io/stream_socket.hpp"

namespace weir::io {

/// The result of an attempt to read or write.
struct IoResult {
  enum class Status : std::uint8_t {
    moved,        ///< `bytes` were moved, more than none
    would_block,  ///< nothing now; wait for the slot
    end,          ///< read only: the peer's FIN, after its last byte
    failed,       ///< `error` says why; the socket is good for nothing more in this direction
  };

  Status status;
  int error = 0;  ///< an errno
  std::size_t bytes = 0;
};

/// Whether a stream is closed as soon as it has sent its end.
enum class Closes : std::uint8_t { later, now };

/// A non-blocking stream socket on one side of a slot: tries first, and keeps the slot's flags true to what the kernel
/// said. Owns the socket, and resets it where neither close() nor reset() was called. The loop's thread only.
///
/// A read that comes back short clears readability without another call that would end in EAGAIN, except where a FIN,
/// an error or an urgent mark may stand behind it: those give no second edge (epoll(7), tcp(7)).
class Stream {
 public:
  Stream() = default;
  /// Takes a socket over and registers it. valid() is false, errno set and the socket reset when epoll refuses. On a
  /// unix socket (`inet` false) a short read never means that it is empty, for it stops at passed descriptors.
  Stream(Slot& slot, Side side, StreamSocket socket, bool inet = true);
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;

  bool valid() const { return static_cast<bool>(socket_); }
  int fd() const { return socket_.get(); }

  bool readable() const { return slot_->readable(side_); }
  bool writable() const { return slot_->writable(side_); }
  /// The kernel has reported an error that no call has returned yet.
  bool failed() const { return slot_->failed(side_); }
  /// The peer sends nothing more (its FIN or RST has come), but what it sent before may still be unread.
  bool peer_ended() const { return slot_->peer_ended(side_); }

  IoResult read(std::span<std::byte> buffer);
  /// As read(), but what it gives is still there for the next call. A short count says nothing of what follows.
  IoResult peek(std::span<std::byte> buffer);
  /// After a peek that was not enough: readable() is false until more comes. False where a FIN, an error or an urgent
  /// mark stands there, behind which nothing more may come.
  bool await_more();
  IoResult write(std::span<const std::byte> data);
  /// Header and payload in one call (writev). `bytes` counts over both.
  IoResult write(std::span<const std::byte> first, std::span<const std::byte> second);

  /// Whether read_into() and write_from() serve this socket.
  bool can_splice() const { return inet_; }
  /// Moves at most `most` bytes from the socket into an empty pipe, without copying (splice(2)). Never reports EOF:
  /// where it would block and the socket is still readable, only read() says why.
  IoResult read_into(Pipe& pipe, std::size_t most);
  /// Moves what the pipe holds into the socket. A short count does not mean that the socket is full: try again.
  IoResult write_from(Pipe& pipe);

  /// Sends a FIN after the last byte written, unless close() does so at once; reading goes on. Always true: a FIN
  /// waits for nothing (tls::Stream has the same verbs, and may have to wait).
  bool finish(Closes closes) {
    if (closes == Closes::later) shutdown_write();
    return true;
  }
  void shutdown_write();
  /// Nothing is ever kept: 0.
  static constexpr int flush() { return 0; }
  static constexpr std::size_t kept() { return 0; }
  /// As StreamSocket does.
  void close() { socket_.close(); }
  void reset() { socket_.reset(); }

  /// Bytes written but not yet acknowledged by the peer (SIOCOUTQ), 0 where the socket cannot tell.
  std::size_t unacknowledged() const;
  /// Bytes received and not yet read (FIONREAD), also of a socket that was reset since.
  std::size_t unread() const;
  /// The same here: a read may give all of it.
  std::size_t at_hand() const { return unread(); }
  /// The error pending on the socket (SO_ERROR), cleared by asking; 0 for none.
  int take_error() const;

 private:
  IoResult read_result(ssize_t count);
  IoResult write_result(ssize_t count, std::size_t wanted);

  Slot* slot_ = nullptr;
  StreamSocket socket_;
  Side side_ = Side::first;
  bool inet_ = true;
};

/// A connect(2) under way: the socket, and 0 (connected), EINPROGRESS, or why it failed at once.
struct ConnectStart {
  Descriptor socket;
  int error = 0;
};

/// Makes a non-blocking socket of the endpoint's family and starts to connect it. `prepare(fd)` runs before connect(2)
/// and may set options or bind; it returns 0 or an errno.
template <typename Prepare>
ConnectStart start_connect(const Endpoint& target, Prepare&& prepare);

/// The same without preparation.
ConnectStart start_connect(const Endpoint& target);

/// Whether connect(2) says that the target, a unix socket, has a full queue. No event says when it has room again: what
/// is left is to call connect_socket() once more after a pause, with the same socket (unix(7)).
inline bool is_queue_full(const Endpoint& target, int error) { return target.is_unix() && error == EAGAIN; }
inline constexpr std::chrono::milliseconds kQueueFullPause{50};

/// Whether the error says that this machine has no descriptor or memory left.
bool is_exhaustion(int error);

/// Whether a failed socket(2), bind(2) or connect(2) is this machine's fault (no descriptor, no memory, no free port)
/// and so says nothing about the peer.
bool is_local_error(int error);

Descriptor open_stream_socket(int family);
/// connect(2); 0 or an errno.
int connect_socket(int fd, const Endpoint& target);

template <typename Prepare>
ConnectStart start_connect(const Endpoint& target, Prepare&& prepare) {
  ConnectStart start{open_stream_socket(target.family()), 0};
  if (!start.socket) {
    start.error = errno;
    return start;
  }
  start.error = prepare(start.socket.get());
  if (start.error == 0) start.error = connect_socket(start.socket.get(), target);
  return start;
}

}  // namespace weir::io
