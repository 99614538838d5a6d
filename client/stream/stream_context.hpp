#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "client/dial.hpp"
#include "client/notifier.hpp"
#include "client/pacing/pacer.hpp"
#include "client/stream/stream_options.hpp"
#include "client/stream/stream_outcome.hpp"
#include "client/tls/tls_client.hpp"
#include "common/io/event_loop.hpp"

namespace weir::load {

class StreamConnection;

/// What the streams of a run have in common. Outlives them.
struct StreamPlan {
  const StreamOptions& options;
  const DialPlan& dial;
  const Notifier& notifier;
  std::uint32_t run;  ///< 24 bits
};

/// What the streams of one thread share: its event loop, their plan, how far the run is, and what became of them.
/// Its loop's thread, unless said otherwise.
///
///     connecting ─▶ sending ─▶ closing ─▶ abandoned
///         └────────────────────▲
class StreamContext {
 public:
  enum class Phase : std::uint8_t { connecting, sending, closing, abandoned };
  static constexpr std::uint8_t kSlotKind = 1;

  /// Its streams are numbered from `first` on. Throws std::runtime_error where a file of TLS cannot be used.
  StreamContext(const StreamPlan& plan, std::uint32_t first, std::uint32_t streams);

  const StreamPlan& plan() const { return plan_; }
  io::EventLoop& loop() { return loop_; }
  Pacer& pacer() { return pacer_; }
  /// Null where the run speaks no TLS.
  TlsClient* tls() { return tls_ ? &*tls_ : nullptr; }
  Phase phase() const { return phase_; }
  /// Wakes all streams. There is no way back.
  void enter(Phase phase);

  // For the streams.

  std::uint32_t number(std::uint32_t index) const { return first_ + index; }
  StreamOutcome& outcome(std::uint32_t index) { return outcomes_[index]; }
  /// The one that is asked how far it has come, while it is open; null afterwards.
  void set_open(std::uint32_t index, const StreamConnection* connection) { connections_[index] = connection; }
  void reached();
  /// It knows its far end, as far as it must, or it failed.
  void settled();
  void finished(const StreamOutcome& outcome);

  // For the worker.

  const StreamConnection* connection(std::uint32_t index) const { return connections_[index]; }
  void starting() { ++unsettled_; }
  /// Streams that were started and do not know their far end yet.
  std::uint32_t unsettled() const { return unsettled_; }
  /// Also for others once the thread has ended.
  const std::vector<StreamOutcome>& outcomes() const { return outcomes_; }

  /// Any thread.
  struct Counters {
    std::atomic<std::uint32_t> settled{0};
    std::atomic<std::uint32_t> reached{0};
    std::atomic<std::uint32_t> open{0};
    std::atomic<std::uint32_t> failed{0};
    std::atomic<std::uint32_t> finished{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  const StreamPlan plan_;
  const std::uint32_t first_;
  Phase phase_ = Phase::connecting;
  std::vector<StreamOutcome> outcomes_;
  std::vector<const StreamConnection*> connections_;
  std::uint32_t unsettled_ = 0;
  Counters counters_;
  std::optional<TlsClient> tls_;  ///< the loop's coroutines hold streams of it
  io::EventLoop loop_;
  Pacer pacer_{loop_};
};

}  // namespace weir::load
