#pragma once

#include <cstdint>
#include <latch>
#include <limits>
#include <thread>

#include "client/exchange.hpp"
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

/// One thread of the generator with its event loop and its share of the connections, each of them a coroutine.
///
///     connecting ─ begin() ─▶ running ─ drain() ─▶ draining ─ abandon() ─▶ abandoned
///         └──────────────────────── drain() ──────────▲
class LoadWorker {
 public:
  enum class Phase : std::uint8_t { connecting, running, draining, abandoned };
  static constexpr std::uint8_t kSlotKind = 1;

  explicit LoadWorker(const WorkerPlan& plan);

  // For the main thread.

  /// Starts the thread, which opens its connections and then waits.
  void start();
  void begin(Window window);
  /// Sends no more; what is under way may end.
  void drain();
  /// What is still under way is counted as unfinished.
  void abandon();
  void stop_and_join();
  /// Copies the response times so far; counts the latch down when that is done.
  void copy_response(Histogram& into, std::latch& done);
  const LiveCounters& live() const { return live_; }
  /// After stop_and_join().
  const WorkerStats& stats() const { return stats_; }
  io::Clock::time_point last_reply() const { return last_reply_; }

  // For the coroutines of its connections, on its thread.

  io::EventLoop& loop() { return loop_; }
  const WorkerPlan& plan() const { return plan_; }
  bool started() const { return phase_ != Phase::connecting; }
  bool running() const { return phase_ <= Phase::running; }
  bool abandoned() const { return phase_ == Phase::abandoned; }

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

  /// A connection's first attempt came to its end.
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
  /// The last word of a connection's coroutine.
  void finished();

 private:
  bool in_window(io::Clock::time_point now) const {
    return phase_ == Phase::running && now >= window_.from && now < window_.until;
  }
  net::awaitable<void> launch();
  void spawn_connection(std::uint32_t index);
  void finish_if_last();

  const WorkerPlan plan_;
  const bool count_replies_;
  Phase phase_ = Phase::connecting;
  bool launched_ = false;
  std::uint32_t started_connections_ = 0;
  std::uint32_t unsettled_ = 0;
  std::uint32_t alive_ = 0;
  std::uint64_t budget_;
  Window window_{io::Clock::time_point::max()};
  io::Clock::time_point last_reply_{};
  WorkerStats stats_;
  LiveCounters live_;
  io::EventLoop loop_;
  std::thread thread_;
};

}  // namespace weir::load
