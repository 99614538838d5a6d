#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/load_options.hpp"
#include "client/measure/worker_stats.hpp"
#include "client/notifier.hpp"
#include "client/pacing/arrivals.hpp"
#include "client/pacing/pacer.hpp"
#include "client/tls/tls_client.hpp"
#include "common/io/event_loop.hpp"

namespace weir::load {

/// When a run measures. Requests that are due in it make the latencies, replies that come in it make the rates.
struct Window {
  io::Clock::time_point begin;  ///< of the load: warmup, then the measured time
  io::Clock::time_point from;
  io::Clock::time_point until = io::Clock::time_point::max();
};

/// Where a worker's connections stand in the plan of an open loop: those that were reached take turns.
struct Ranks {
  std::uint32_t first = 0;
  std::uint32_t total = 1;
};

/// What a worker is told before it starts; the same for all but those that follow the epoch.
struct WorkerPlan {
  const LoadOptions& options;
  const Endpoint& endpoint;
  const Notifier& notifier;
  io::Clock::time_point epoch;  ///< the zero of send times in headers
  unsigned thread;
  unsigned threads;
  std::uint32_t first_connection;  ///< its connections are numbered from this one on
  std::uint32_t all_connections;   ///< of all workers, of other processes as well
  std::uint32_t connections;
  std::uint64_t budget;  ///< requests (or cycles) to measure
  double connect_rate;   ///< its share; 0: no limit
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

  /// Throws std::runtime_error where a file of TLS cannot be used.
  explicit WorkerContext(const WorkerPlan& plan);

  io::EventLoop& loop() { return loop_; }
  const WorkerPlan& plan() const { return plan_; }
  bool started() const { return phase_ != Phase::connecting; }
  bool running() const { return phase_ <= Phase::running; }
  bool abandoned() const { return phase_ == Phase::abandoned; }

  Pacer& pacer() { return pacer_; }
  /// Null where the run speaks no TLS.
  TlsClient* tls() { return tls_ ? &*tls_ : nullptr; }

  // For the worker.

  void begin(const Window& window, Ranks ranks);
  /// Requests that are due from `at` on are not sent; what is under way may end.
  void drain(io::Clock::time_point at);
  /// What is still under way is counted as unfinished.
  void abandon();
  /// One more connection begins its life; it will call settled() and finished().
  void starting();
  /// The same of a newcomer, or of what makes them come; it will call newcomer_finished().
  void newcomer_starting();
  /// All connections were started that will be; those that an early end left unopened are settled as well.
  void launched(std::uint32_t unopened);
  /// Connections whose first attempt is under way.
  std::uint32_t unsettled() const { return unsettled_; }
  /// Hands over what was found out since the last time, and goes on with `empty`.
  std::unique_ptr<WorkerStats> take_stats(std::unique_ptr<WorkerStats> empty);
  /// Any thread.
  const LiveCounters& live() const { return live_; }
  /// Also for others once the thread has ended, as are those that follow.
  const WorkerStats& stats() const { return *stats_; }
  const std::vector<ConnectionTally>& tallies() const { return tallies_; }
  io::Clock::time_point last_reply() const { return last_reply_; }

  // For the connections.

  /// Whether a request that is due then belongs to the plan; takes it from the budget.
  bool admits(io::Clock::time_point due) {
    if (phase_ == Phase::connecting || due >= until_) return false;
    return due < window_.from || spend();
  }
  /// Whether the plan has ended before that time.
  bool is_beyond(io::Clock::time_point due) const { return due >= until_; }
  /// One request less to make. False when there was none left.
  bool spend() {
    if (budget_ == WorkerPlan::kUnlimited) return true;
    if (budget_ == 0) return false;
    --budget_;
    return true;
  }
  /// The plan of the next connection that was reached; open loop.
  Arrivals next_arrivals() { return Arrivals(arrivals_, ranks_.first + rank_++, 1); }
  /// When the next connection of the connect workload is due in an open loop: whoever is free takes it.
  io::Clock::time_point take_arrival() {
    if (!shared_arrivals_) return io::Clock::time_point::max();  // the load never began
    const io::Clock::time_point due = shared_arrivals_->due();
    shared_arrivals_->next();
    return due;
  }
  /// The plan of the newcomers.
  Arrivals newcomer_arrivals() const;
  /// When the load began.
  io::Clock::time_point began() const { return window_.begin; }

  /// A connection's first attempt has ended.
  void settled(bool reached);
  /// A connection that was begun then stands.
  void connected(io::Clock::time_point began);
  /// A handshake that was begun then is done.
  void shook_hands(io::Clock::time_point began, const TlsHandshake& handshake);
  /// Whether nobody has said yet on what a handshake agreed.
  bool wants_agreement() const { return stats_->agreed.empty(); }
  void agreed(std::string what) { stats_->agreed = std::move(what); }
  void disconnected() { LiveCounters::bump(live_.open, -1); }
  void count(Count what) { ++(*stats_)[what]; }

  /// A request was sent that was due then. `able` is since when the connection could have taken it.
  void sent(io::Clock::time_point due, io::Clock::time_point able, io::Clock::time_point now) {
    if (due < window_.from) return;
    WorkerStats& stats = *stats_;
    ++stats[Count::sent];
    if (!open_loop_) return;
    if (able > due) ++stats[Count::held];
    stats[Time::lag].record(now - std::max(due, able));
  }
  void answered(std::uint32_t index, io::Clock::time_point due, io::Clock::time_point sent, io::Clock::time_point now,
                std::uint64_t length) {
    WorkerStats& stats = *stats_;
    if (in_window(now)) {
      ++stats[Count::replies];
      stats[Count::bytes] += length;
    }
    if (due >= window_.from) {
      if (count_replies_) ++stats[Count::answered];
      const io::Clock::duration took = now - due;
      stats[Time::response].record(took);
      if (open_loop_ && count_replies_) stats[Time::service].record(now - sent);
      ConnectionTally& tally = tallies_[index];
      ++tally.replies;
      tally.sum_ns += static_cast<std::uint64_t>(took.count());
      tally.record(took);
    }
    last_reply_ = now;
    if (count_replies_) ++stats[Count::done];
  }
  void newcomer_answered(io::Clock::time_point due, io::Clock::time_point now) {
    count(Count::newcomers);
    record(Time::newcomer, due, now);
  }
  /// A request without a reply at the end is at least as slow as it is old.
  void left_unfinished(std::uint32_t index, io::Clock::time_point due, io::Clock::time_point sent,
                       io::Clock::time_point now);
  /// The same of one whose time was up: users have waited that long.
  void timed_out(std::uint32_t index, io::Clock::time_point due, io::Clock::time_point sent, io::Clock::time_point now);
  /// The same of one that was due and never sent. `able`: the connection could have taken it.
  void left_unsent(std::uint32_t index, io::Clock::time_point due, bool able, io::Clock::time_point now);
  void cycled(io::Clock::time_point due, io::Clock::time_point now);
  /// Records a time that began within the measured window.
  void record(Time time, io::Clock::time_point began, io::Clock::time_point now) {
    if (began >= window_.from) (*stats_)[time].record(now - began);
  }
  void failed(Failure failure, const std::string& detail = {}, std::uint64_t times = 1);
  /// What is known of a failure that is counted elsewhere; each sentence once.
  void note_example(const std::string& detail);
  void wrong(const WrongReply& reply);
  /// The last call of a connection's coroutine.
  void finished();
  void newcomer_finished();
  /// Whether newcomers alone are left, who have nobody to come beside.
  bool only_newcomers_left() const { return launched_ && alive_ == newcomers_; }

 private:
  bool in_window(io::Clock::time_point now) const {
    return phase_ == Phase::running && now >= window_.from && now < window_.until;
  }
  void finish_if_last();
  void sample_connections();

  const WorkerPlan plan_;
  const bool count_replies_;
  const bool open_loop_;
  Phase phase_ = Phase::connecting;
  bool launched_ = false;
  std::uint32_t unsettled_ = 0;
  std::uint32_t alive_ = 0;      ///< coroutines of connections and newcomers
  std::uint32_t newcomers_ = 0;  ///< of them
  std::uint64_t budget_;
  Window window_{io::Clock::time_point::max(), io::Clock::time_point::max()};
  io::Clock::time_point until_ = io::Clock::time_point::max();  ///< the window's end, or an earlier end of the run
  Ranks ranks_;
  std::uint32_t rank_ = 0;
  ArrivalPlan arrivals_;
  std::optional<Arrivals> shared_arrivals_;
  io::Clock::time_point last_reply_{};
  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  std::vector<ConnectionTimes> times_;    ///< of those that are sampled
  std::vector<ConnectionTally> tallies_;  ///< of all
  LiveCounters live_;
  std::optional<TlsClient> tls_;  ///< the loop's coroutines hold streams of it
  io::EventLoop loop_;
  Pacer pacer_{loop_};
};

}  // namespace weir::load
