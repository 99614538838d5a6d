#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "client/load_options.hpp"
#include "client/notifier.hpp"
#include "client/worker_stats.hpp"
#include "common/io/event_loop.hpp"

namespace weir::load {

/// When a run measures. Requests sent in it make the latencies, replies that come in it make the rates.
struct Window {
  io::Clock::time_point from;
  io::Clock::time_point until = io::Clock::time_point::max();
};

/// What a worker is told before it starts; the same for all but the last three.
struct WorkerPlan {
  const LoadOptions& options;
  const Endpoint& endpoint;
  const Notifier& notifier;
  io::Clock::time_point epoch;  ///< the zero of send times in headers
  unsigned thread;
  std::uint32_t first_connection;  ///< its connections are numbered from this one on
  std::uint32_t connections;
  std::uint64_t budget;        ///< requests (or cycles) to measure
  std::uint64_t connect_rate;  ///< its share; 0: no limit
  std::uint32_t connects_at_once;
  std::uint32_t port_range;  ///< for IP_LOCAL_PORT_RANGE; 0: leave it alone

  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
};

/// What the connections of one worker share: its event loop, its plan, how far the run is, and what they found out.
/// Worker's thread, unless said otherwise.
///
///     connecting ─ begin() ─▶ running ─ drain() ─▶ draining ─ abandon() ─▶ abandoned
///         └──────────────────────── drain() ──────────▲
class WorkerContext {
 public:
  enum class Phase : std::uint8_t { connecting, running, draining, abandoned };
  static constexpr std::uint8_t kSlotKind = 1;

  explicit WorkerContext(const WorkerPlan& plan);

  io::EventLoop& loop() { return loop_; }
  const WorkerPlan& plan() const { return plan_; }
  bool started() const { return phase_ != Phase::connecting; }
  bool running() const { return phase_ <= Phase::running; }
  bool abandoned() const { return phase_ == Phase::abandoned; }

  // For the worker.

  void begin(Window window);
  /// Sends no more; what is under way may end.
  void drain();
  /// What is still under way is counted as unfinished.
  void abandon();
  /// One more connection begins its life; it will call settled() and finished().
  void starting();
  /// All connections were started that will be; those that an early end left unopened are settled as well.
  void launched(std::uint32_t unopened);
  /// Connections whose first attempt is under way.
  std::uint32_t unsettled() const { return unsettled_; }
  /// Response times so far, or cycle times of the connect workload.
  const Histogram& times() const { return count_replies_ ? stats_.response : stats_.cycle; }
  /// Any thread.
  const LiveCounters& live() const { return live_; }
  /// Also for others once the thread has ended, as is last_reply().
  const WorkerStats& stats() const { return stats_; }
  io::Clock::time_point last_reply() const { return last_reply_; }

  // For the connections.

  /// Whether a request may be sent at `now`; takes it from the budget.
  bool admits(io::Clock::time_point now) {
    if (phase_ != Phase::running || now >= window_.until) return false;
    return now < window_.from || spend();
  }
  /// One request less to make. False when there was none left.
  bool spend() {
    if (budget_ == WorkerPlan::kUnlimited) return true;
    if (budget_ == 0) return false;
    --budget_;
    return true;
  }

  /// A connection's first attempt has ended.
  void settled(bool reached);
  void connected(io::Clock::duration took);
  void disconnected() { LiveCounters::bump(live_.open, -1); }
  void reopened() { ++stats_.reopened; }
  void answered(std::uint32_t index, io::Clock::time_point sent, io::Clock::time_point now, std::uint64_t length) {
    const io::Clock::duration took = now - sent;
    if (in_window(now)) {
      ++stats_.replies_in_window;
      stats_.bytes_in_window += length;
    }
    if (sent >= window_.from) {
      stats_.response.record(took);
      ConnectionTally& tally = stats_.tallies[index];
      ++tally.replies;
      tally.sum_ns += static_cast<std::uint64_t>(took.count());
    }
    last_reply_ = now;
    if (count_replies_) LiveCounters::bump(live_.done);
  }
  /// A request without a reply at the end is at least as slow as it is old.
  void left_unfinished(io::Clock::time_point sent, io::Clock::time_point now);
  void cycled(io::Clock::time_point began, io::Clock::time_point now);
  void failed(Failure failure, const std::string& detail = {});
  /// The last call of a connection's coroutine.
  void finished();

 private:
  bool in_window(io::Clock::time_point now) const {
    return phase_ == Phase::running && now >= window_.from && now < window_.until;
  }
  void finish_if_last();

  const WorkerPlan plan_;
  const bool count_replies_;
  Phase phase_ = Phase::connecting;
  bool launched_ = false;
  std::uint32_t unsettled_ = 0;
  std::uint32_t alive_ = 0;
  std::uint64_t budget_;
  Window window_{io::Clock::time_point::max()};
  io::Clock::time_point last_reply_{};
  WorkerStats stats_;
  LiveCounters live_;
  io::EventLoop loop_;
};

}  // namespace weir::load
