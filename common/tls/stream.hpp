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
/// In a handshake, which keeps nothing in the thread's buffers, what OpenSSL writes goes to unsent_ at once.
///
/// Borrows the socket's stream, which outlives it and does not move, and is the loop's thread's only, but for
/// run_step().
class Stream {
 public:
  enum class Role : std::uint8_t { client, server };
  /// What a FIN without close_notify is to the reader.
  enum class Truncation : std::uint8_t { end, failure };
  enum class Handshake : std::uint8_t {
    done,
    waiting,  ///< for the peer, if the socket is not readable
    failed,   ///< failure() says why; an alert has been sent where one was due
  };
  enum class Failure : std::uint8_t {
    none,
    protocol,   ///< what came was no valid TLS, or nothing in common was found
    untrusted,  ///< the peer's certificate was refused, or it showed none
    alert,      ///< the peer sent one
    closed,     ///< the peer's FIN came
    socket,     ///< error() is its errno
  };

  /// What a read fails with where TLS itself is at fault, and not the socket.
  static constexpr int kBroken = EPROTO;
  static constexpr int kTruncated = ENODATA;

  /// `ssl` is null only after an error that its maker reports.
  Stream(io::Stream& socket, Buffers& buffers, SslPtr ssl, Role role, Truncation truncation = Truncation::end);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() = default;

  /// Bytes of the peer that were read before TLS began. Before the first step.
  void begin_with(std::vector<std::byte> bytes) { inbox_ = std::move(bytes); }

  /// More records than these are left for the next read, however short they are.
  static constexpr std::size_t kRecordsAtOnce = 64;

  /// One step, as costly as a signature.
  Handshake handshake();
  /// The same in three calls, so that another thread can make the costly one. From begin_step() to end_step() nothing
  /// else may be called. begin_step() takes what has come; if it is false, the socket has failed, and so has the
  /// handshake. run_step() may be called on any thread, and neither it nor the destructor touches the socket or the
  /// buffers: a stream that is abandoned amid a step may outlive them.
  bool begin_step();
  void run_step();
  Handshake end_step();
  /// Whether another step may get further.
  bool can_step() const { return fresh_ || readable(); }
  /// Whether the handshake is over, so that the stream can be closed in order.
  bool is_open() const { return open_; }
  Failure failure() const { return failure_; }
  int error() const { return error_; }
  /// Adds what the handshake came to.
  void describe(Facts& facts) const;
  /// OpenSSL's words for it.
  const std::string& problem() const { return problem_; }
  /// The last alert that was sent or received, as the RFC names it (`unknown_ca`); "" for none but close_notify.
  std::string alert() const;
  SSL* ssl() const { return ssl_.get(); }

  bool readable() const { return unread_plain_ || !inbox_.empty() || over_ || socket_.readable(); }
  bool writable() const { return unsent_.empty() && !writing_waits_ && socket_.writable(); }
  bool failed() const { return socket_.failed(); }
  /// The peer sends nothing more: its close_notify, FIN or RST has come.
  bool peer_ended() const { return over_ || socket_.peer_ended(); }

  /// Plain text, of so many records at most that others have their turn soon (kRecordsAtOnce). `end` is close_notify,
  /// or a FIN without one where that is an end (truncated()). `failed` with kBroken is a broken record, an alert or a
  /// flood of key updates, with kTruncated a FIN without close_notify; any other error is the socket's.
  io::IoResult read(std::span<std::byte> buffer);
  /// Takes all of it, or fails, or blocks while the peer owes the rest of a message. What the socket does not take is
  /// kept, and is for flush().
  io::IoResult write(std::span<const std::byte> data);

  static constexpr bool can_splice() { return false; }
  io::IoResult read_into(io::Pipe& /*pipe*/, std::size_t /*most*/) { return {io::IoResult::Status::would_block}; }
  io::IoResult write_from(io::Pipe& /*pipe*/) { return {io::IoResult::Status::would_block}; }

  /// Sends what was kept, as far as the socket takes it: 0, or the errno with which it failed.
  int flush();
  /// close_notify behind the last byte written, and behind it a FIN, unless the socket is about to be closed. False
  /// until the socket has taken all of it: call again when it is writable. Reading goes on.
  bool finish(io::Closes closes);

  /// The peer's FIN came without close_notify: what it sent may have been cut short (RFC 8446, 6.1).
  bool truncated() const { return truncated_; }
  /// Bytes of records that the socket has not taken.
  std::size_t kept() const { return unsent_.size() - unsent_offset_; }
  /// What records take in memory here: nothing while none waits.
  std::size_t memory_of_records() const { return unsent_.capacity() + inbox_.capacity(); }
  /// Bytes of records that the socket has taken, in all, and that it has given since the handshake.
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  /// Bytes of records that the peer has not acknowledged, those of close_notify not counted.
  std::size_t unacknowledged() const;
  /// Bytes received that a read may give, of records or of plain text.
  std::size_t at_hand() const;
  /// The same, and those of a record that is not whole yet, while it may still become so.
  std::size_t unread() const;
  int take_error() const { return socket_.take_error(); }
  std::uint32_t key_updates() const { return key_updates_; }

 private:
  friend struct StreamBio;

  /// What OpenSSL may take while this lives; what it leaves is kept.
  class Input;

  bool demands_too_much() const;

  io::IoResult read_plain(std::span<std::byte> buffer);
  /// Of a call of OpenSSL that gave nothing.
  void conclude_reading(int result);
  io::IoResult outcome() const;
  bool send_output();
  void note_failure();
  static void note_message(int sent, int version, int type, const void* data, std::size_t size, SSL* ssl, void* self);

  io::Stream& socket_;
  Buffers& buffers_;
  SslPtr ssl_;
  std::span<const std::byte> window_;  ///< records that OpenSSL may take, during a call
  std::vector<std::byte> inbox_;       ///< records that it has not taken, from inbox_offset_ on
  std::vector<std::byte> unsent_;      ///< records that the socket has not taken
  std::string problem_;
  std::uint64_t plain_read_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint32_t inbox_offset_ = 0;
  std::uint32_t demands_ = 0;  ///< messages after the handshake, each of which costs us something
  std::uint32_t unsent_offset_ = 0;
  std::uint32_t key_updates_ = 0;
  std::uint32_t closing_bytes_ = 0;  ///< of close_notify
  /// How many bytes OpenSSL took behind the last record whose header it has read; less than 0: so many are missing.
  std::int32_t ahead_ = 0;
  std::int32_t record_ = 0;  ///< that record's size, with its header
  int error_ = 0;
  Failure failure_ = Failure::none;
  std::uint8_t alert_ = 0;
  const Truncation truncation_;
  bool fresh_ = true;  ///< no step was taken yet
  bool open_ = false;
  bool unread_plain_ = false;  ///< OpenSSL may hold plain text that no read had room for
  bool fin_came_ = false;
  bool writing_waits_ = false;  ///< until the rest of a message has been read
  bool over_ = false;           ///< nothing more is read: close_notify, truncated_, or error_
  bool truncated_ = false;
  bool closing_ = false;  ///< close_notify was sent
  bool fin_sent_ = false;
  bool stepping_ = false;  ///< what OpenSSL writes is for unsent_, because the thread's output is another's
  Handshake step_ = Handshake::waiting;  ///< what the last step came to
};

}  // namespace weir::tls
