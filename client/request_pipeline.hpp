#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "client/measure/failure.hpp"
#include "client/measure/wrong_reply.hpp"
#include "client/message/message.hpp"
#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"

namespace weir::load {

/// The requests and replies of one connection, any number of them under way: sends while the socket takes it, checks
/// what comes while it comes, both at once, so that messages larger than every buffer on the way cannot lock up. Holds
/// no payload: what was sent is made again when its reply is due.
///
///     push() … ─▶ advance() ─▶ waiting ─▶ advance() … ─▶ failed ─▶ restart()
///
/// A first wrong byte does not end it at once: what comes after it for a moment is kept, for it tells lost from late.
class RequestPipeline {
 public:
  enum class Status : std::uint8_t {
    waiting,  ///< for the socket, or for requests
    working,  ///< moved its share; let others have their turn, then go on
    failed,   ///< failure() says why; the connection is good for nothing more
  };

  struct Request {
    io::Clock::time_point due;
    io::Clock::time_point sent;
  };

  /// How long bytes are collected after the first wrong one.
  static constexpr std::chrono::milliseconds kInquiry{250};

  /// Of that connection; `epoch` is the zero of the send times in headers.
  RequestPipeline(const MessageShape& shape, std::uint32_t thread, std::uint32_t connection,
                  io::Clock::time_point epoch)
      : shape_(&shape), thread_(thread), connection_(connection), epoch_(epoch) {}

  /// Requests without their whole reply.
  std::size_t in_flight() const { return requests_.size() - head_; }
  /// The one whose reply is due next. There is one in flight.
  const Request& oldest() const { return requests_[head_]; }
  /// All of them, the oldest first.
  std::span<const Request> outstanding() const { return std::span(requests_).subspan(head_); }
  /// Whether all requests are in the socket's hands.
  bool all_sent() const { return sending_ == next_; }
  /// Bytes of the reply that is coming.
  std::uint64_t received() const { return received_; }
  /// How long the last whole reply was.
  std::uint64_t last_length() const { return last_length_; }
  /// Whether a wrong byte has come, and more are waited for, kInquiry at most.
  bool inquiring() const { return !evidence_.empty(); }

  /// One more request; advance() sends it.
  void push(io::Clock::time_point due, io::Clock::time_point now) {
    if (head_ == requests_.size()) {
      requests_.clear();
      head_ = 0;
    }
    requests_.push_back({due, now});
    ++next_;
  }

  /// Does what can be done without waiting, on an io::Stream or a tls::Stream. `scratch` is where bytes stand
  /// meanwhile. Calls `on_reply(request, length)` for each whole reply that was right.
  template <typename Stream, typename OnReply>
  Status advance(Stream& stream, std::span<std::byte> scratch, OnReply&& on_reply) {
    if (!flush(stream)) return Status::failed;
    if (!all_sent() && !send(stream, scratch)) return Status::failed;
    std::size_t share = 0;
    while (stream.readable()) {
      const io::IoResult result = stream.read(scratch);
      // Records without plain text; what stands behind them gives no further edge.
      if (result.status == io::IoResult::Status::would_block) continue;
      if (result.status != io::IoResult::Status::moved) return ended(stream, result);
      if (!take(scratch.first(result.bytes), on_reply)) return Status::failed;
      // What comes behind the last reply is looked at when there is something to say to it, or in the next turn.
      if (in_flight() == 0) break;
      share += result.bytes;
      if (share >= kShare) return Status::working;
    }
    return !all_sent() && stream.writable() ? Status::working : Status::waiting;
  }

  /// Ends an exchange whose time is up, or whose connection is: failure() is what it came to.
  void give_up(Failure reason);

  Failure failure() const { return failure_; }
  /// Of a failure that is no wrong reply: what the system said. May be empty.
  const std::string& detail() const { return detail_; }
  /// Of a wrong reply.
  const WrongReply& wrong() const { return wrong_; }

  /// Begins anew on another connection to the same target: what was in flight is forgotten, sequence numbers go on.
  void restart();

 private:
  /// What one connection may move before others get their turn.
  static constexpr std::size_t kShare = 256 * 1024;

  std::uint64_t expected_sequence() const { return next_ - in_flight(); }
  Message& make(Message& message, std::uint64_t sequence) const;
  Message& outgoing();
  const Message& expected();
  /// Sends what the stream has kept, as only tls::Stream does.
  template <typename Stream>
  bool flush(Stream& stream) {
    const int error = stream.flush();
    return error == 0 || failed_to_send(stream, error);
  }
  template <typename Stream>
  bool send(Stream& stream, std::span<std::byte> scratch);
  io::IoResult send_parts(io::Stream& stream, std::span<std::byte> scratch);
  io::IoResult send_parts(tls::Stream& stream, std::span<std::byte> scratch);
  template <typename Stream>
  io::IoResult send_copied(Stream& stream, std::span<std::byte> scratch);
  /// True where what the peer sent before may say more than the error.
  template <typename Stream>
  bool failed_to_send(Stream& stream, int error);
  void count_sent(std::size_t bytes);
  template <typename Stream>
  Status ended(Stream& stream, const io::IoResult& result);
  /// A wrong byte has come: `bytes` begin with it. False when that is enough to say what went wrong.
  bool begin_inquiry(std::span<const std::byte> bytes);
  bool collect(std::span<const std::byte> bytes);
  void conclude();
  void fail_wrong(WrongReply wrong);
  bool surplus(std::span<const std::byte> bytes);

  template <typename OnReply>
  bool take(std::span<const std::byte> bytes, OnReply& on_reply) {
    if (inquiring()) return collect(bytes);
    while (!bytes.empty()) {
      if (in_flight() == 0) return surplus(bytes);
      const Message& message = expected();
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), message.length() - received_));
      const std::size_t right = message.right_bytes(received_, bytes.first(wanted));
      received_ += right;
      if (right < wanted) return begin_inquiry(bytes.subspan(right));
      bytes = bytes.subspan(wanted);
      if (received_ < message.length()) continue;
      const Request request = oldest();
      last_sent_ = request.sent;
      last_length_ = message.length();
      pop();
      received_ = 0;
      on_reply(request, last_length_);
    }
    return true;
  }
  void pop();

  const MessageShape* shape_;
  std::uint32_t thread_;
  std::uint32_t connection_;
  io::Clock::time_point epoch_;
  std::vector<Request> requests_;  ///< those in flight, from head_ on
  std::size_t head_ = 0;
  std::uint64_t next_ = 0;     ///< the sequence number of the next request
  std::uint64_t sending_ = 0;  ///< the request that is being sent, or next_
  std::uint64_t sent_ = 0;     ///< bytes of it
  std::uint64_t received_ = 0;
  Message out_;
  Message in_;
  io::Clock::time_point last_sent_{};  ///< of the request that was answered last
  std::uint64_t last_length_ = 0;
  std::uint64_t first_ = 0;          ///< the first request of this connection
  std::vector<std::byte> evidence_;  ///< what came from the wrong reply's first byte on, or from the wrong byte
  std::size_t enough_ = 0;           ///< evidence, in bytes
  Failure failure_ = Failure::none;
  std::string detail_;
  WrongReply wrong_;
};

}  // namespace weir::load
