#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/io/stream.hpp"
#include "common/tls/facts.hpp"
#include "common/tls/openssl.hpp"

namespace weir::tls {

/// What the records of a thread's connections pass through. What stands in it is gone after each call.
struct Buffers {
  /// So much is read from a socket at once. With a record that was begun before, its bytes never make more than a
  /// loop's scratch buffer of plain text.
  static constexpr std::size_t kInput = 48 * 1024;

  std::unique_ptr<std::byte[]> input = std::make_unique<std::byte[]>(kInput);
  std::vector<std::byte> output;
};

/// TLS on one side of a slot, with the verbs of io::Stream: what is read and written is plain text. OpenSSL never sees
/// the socket: its records come from and go to memory, so that a turn costs one recv(2) and one send(2) however many
/// records it moves, and no call of OpenSSL ever waits for the socket to take something.
///
///     socket ──recv──▶ Buffers::input ──▶ OpenSSL ──▶ read()
///     socket ◀──send── Buffers::output ◀── OpenSSL ◀── write()
///                 └─ what it does not take: unsent_, and while there is some, writable() is false
///
/// Borrows the socket's stream, which outlives it and does not move. The loop's thread only.
class Stream {
 public:
  enum class Role : std::uint8_t { client, server };
  enum class Handshake : std::uint8_t {
    done,
    waiting,  ///< for the peer
    failed,   ///< Failure says why; an alert has gone out where one was due
  };
  enum class Failure : std::uint8_t {
    none,
    protocol,   ///< what came was no valid TLS, or nothing in common was found
    untrusted,  ///< the peer's certificate was refused, or it showed none
    alert,      ///< the peer sent an alert
    closed,     ///< the peer's FIN came
    reset,      ///< error() is its errno
    memory,
  };

  Stream(io::Stream& socket, Buffers& buffers, SslPtr ssl, Role role);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// One step, as costly as a signature. Call again when the socket is readable.
  Handshake handshake();
  Failure failure() const { return failure_; }
  /// OpenSSL's words for it, or the peer's alert.
  const std::string& problem() const { return problem_; }
  /// Adds what the handshake agreed on.
  void describe(Facts& facts) const;

  bool readable() const { return !failed_reading_ && (!inbox_.empty() || socket_.readable()); }
  bool writable() const { return unsent_.empty() && socket_.writable(); }
  bool failed() const { return socket_.failed(); }
  /// The peer sends nothing more: its close_notify, FIN or RST has come.
  bool peer_ended() const { return ended_ || (socket_.peer_ended() && inbox_.empty()); }

  /// Plain text; `end` is close_notify, or a FIN without one (truncated()). `buffer` must hold a whole record (16 KiB).
  /// `failed` with EPROTO is a broken record or an alert; any other error is the socket's.
  io::IoResult read(std::span<std::byte> buffer);
  /// Takes all of it, or fails. What the socket does not take is kept.
  io::IoResult write(std::span<const std::byte> data);

  static constexpr bool can_splice() { return false; }
  io::IoResult read_into(io::Pipe&, std::size_t) { return {io::IoResult::Status::would_block}; }
  io::IoResult write_from(io::Pipe&) { return {io::IoResult::Status::would_block}; }

  /// close_notify, and a FIN behind it, once the socket has taken all before it: false until then. Call again when the
  /// socket is writable.
  bool finish_writing();
  /// Sends what was kept. False if the socket failed.
  bool flush();

  /// The peer's FIN came without close_notify: what it sent may have been cut short.
  bool truncated() const { return truncated_; }
  std::size_t unacknowledged() const;
  std::size_t unread() const;
  int take_error() const { return socket_.take_error(); }
  std::uint32_t key_updates() const { return key_updates_; }
};

}  // namespace weir::tls
