#pragma once

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/dial.hpp"
#include "client/measure/failure.hpp"
#include "client/measure/wrong_reply.hpp"
#include "client/notifier.hpp"
#include "client/pacing/pacer.hpp"
#include "client/stream/stream_answer.hpp"
#include "client/stream/stream_options.hpp"
#include "client/stream/tcp_facts.hpp"
#include "common/io/event_loop.hpp"

namespace weir::load {

/// What the streams of a run have in common. Outlives them.
struct StreamPlan {
  const StreamOptions& options;
  const DialPlan& dial;
  const Notifier& notifier;
  std::uint32_t run;  ///< 24 bits
};

/// How far one stream has come, at some moment. Bytes of the pattern only.
struct StreamProgress {
  std::uint64_t up = 0;    ///< sent and acknowledged
  std::uint64_t down = 0;  ///< received and right
  std::optional<TcpFacts> tcp;
};

/// What became of one stream.
struct StreamOutcome {
  bool reached = false;  ///< connected
  FarEnd far_end = FarEnd::silent;
  std::uint64_t sent = 0;                    ///< bytes of the pattern, written
  std::uint64_t received = 0;                ///< bytes of the pattern, right
  StreamProgress progress;                   ///< at its end
  SendLimits limits;                         ///< until its FIN
  std::optional<io::Clock::duration> close;  ///< from our FIN to the peer's
  Failure failure = Failure::none;
  std::string detail;  ///< of the failure
  std::optional<WrongReply> wrong;
  bool wrong_way_up = false;  ///< the wrong byte is one that the far end got
  std::optional<StreamResult> result;
};

class StreamConnection;

/// One thread of the generator with its event loop and its share of the streams, each of them a coroutine. For the main
/// thread.
///
///     connecting ─ begin() ─▶ sending ─ finish() ─▶ closing
///         └──────────────────── finish() ─────────────▲
class StreamWorker {
 public:
  enum class Phase : std::uint8_t { connecting, sending, closing };
  static constexpr std::uint8_t kSlotKind = 1;

  StreamWorker(const StreamPlan& plan, std::uint32_t first, std::uint32_t streams, std::uint32_t connects_at_once);

  /// Starts the thread, which opens its streams and waits for their first answers.
  void start();
  void begin();
  /// Each stream sends its FIN now, and ends with the peer's.
  void finish();
  void stop_and_join();
  /// Writes how far each stream has come, then counts the latch down.
  void sample(std::vector<StreamProgress>& into, std::latch& done);
  /// Any thread.
  std::uint32_t settled() const { return settled_; }
  std::uint32_t reached() const { return reached_; }
  std::uint32_t open() const { return open_; }
  std::uint32_t failed() const { return failed_; }
  std::uint32_t finished() const { return finished_; }
  /// After stop_and_join().
  const std::vector<StreamOutcome>& outcomes() const { return outcomes_; }

  // For its streams.

  const StreamPlan& plan() const { return plan_; }
  io::EventLoop& loop() { return loop_; }
  Pacer& pacer() { return pacer_; }
  Phase phase() const { return phase_; }
  StreamOutcome& outcome(std::uint32_t index) { return outcomes_[index]; }
  std::uint32_t number(std::uint32_t index) const { return first_ + index; }
  void stream_reached();
  /// It knows its far end, as far as it must, or it failed.
  void stream_settled();
  void stream_finished(const StreamOutcome& outcome);
  /// The one that is asked how far it has come, while it is open; null afterwards.
  void set_open(std::uint32_t index, const StreamConnection* connection) { connections_[index] = connection; }

 private:
  net::awaitable<void> launch();

  const StreamPlan plan_;
  const std::uint32_t first_;
  const std::uint32_t connects_at_once_;
  Phase phase_ = Phase::connecting;
  std::vector<StreamOutcome> outcomes_;
  std::vector<const StreamConnection*> connections_;
  std::uint32_t unsettled_ = 0;
  std::atomic<std::uint32_t> settled_{0};
  std::atomic<std::uint32_t> reached_{0};
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::uint32_t> failed_{0};
  std::atomic<std::uint32_t> finished_{0};
  io::EventLoop loop_;
  Pacer pacer_{loop_};
  std::thread thread_;
};

}  // namespace weir::load
