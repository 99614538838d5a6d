#pragma once

#include <cstdint>
#include <string>

#include "client/stream/pace.hpp"
#include "client/stream/stream_answer.hpp"
#include "client/stream/stream_context.hpp"
#include "client/stream/stream_pattern.hpp"
#include "client/tls/transport.hpp"

namespace weir::load {

/// One stream, from its connect to the peer's FIN. It may send and receives always, so that an echo never locks it up.
/// Its loop's thread.
class StreamConnection {
 public:
  StreamConnection(StreamContext& context, std::uint32_t index);
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;
  ~StreamConnection() { context_.set_open(index_, nullptr); }

  /// Its life.
  net::awaitable<void> run();
  StreamProgress progress() const;

 private:
  using Moment = io::Clock::time_point;

  bool is_wanted() const { return context_.phase() < StreamContext::Phase::closing; }
  bool goes(Direction direction) const { return context_.plan().options.direction == direction; }
  /// Connects, and makes the handshake where there is one to make. Why not; none: it stands, or the run ended.
  net::awaitable<Failure> open();
  /// Both move what they can within their budget; true when there is more to do at once.
  template <typename Stream>
  bool receive(Stream& stream);
  template <typename Stream>
  bool send(Stream& stream);
  /// Sends the first line and what the stream has kept. False when it takes no more, or failed.
  template <typename Stream>
  bool send_first(Stream& stream);
  template <typename Stream>
  void fail_as(Stream& stream, int error);
  void take(std::span<const std::byte> bytes);
  void judge();
  void end_received();
  void begin_end();
  void look_at_clock();
  void settle();
  void fail(Failure failure, const std::string& what);
  void call_wrong(Failure kind, std::uint64_t amount, std::uint64_t offset, bool up);
  void set_deadline(Moment due);
  std::uint64_t moved() const { return read_ + progress().up; }

  StreamContext& context_;
  const std::uint32_t index_;
  const StreamPreamble preamble_;
  const std::string first_line_;
  const StreamPattern pattern_;
  const io::SlotPtr slot_;
  Transport transport_;
  StreamAnswer answer_;
  StreamOutcome& outcome_;
  Pace pace_;
  PacedWait paced_;
  std::size_t lead_ = 0;    ///< bytes of the first line that were written
  std::uint64_t sent_ = 0;  ///< bytes of the pattern that were written
  std::uint64_t read_ = 0;  ///< bytes of all kinds
  bool sending_ = false;
  Moment sending_since_{};
  bool fin_sent_ = false;  ///< or about to be, behind what the stream has kept
  bool fin_out_ = false;
  Moment fin_at_{};
  bool settled_ = false;
  bool judging_ = false;  ///< a byte differs, and what follows it is awaited
  bool over_ = false;
  Moment deadline_ = Moment::max();
  std::uint64_t moved_at_deadline_ = 0;  ///< what had moved when the deadline was set
};

/// The whole life of one stream, to be spawned. Its loop's thread.
net::awaitable<void> run_stream(StreamContext& context, std::uint32_t index);

}  // namespace weir::load
