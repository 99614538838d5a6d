#include "client/load_run.hpp"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <random>

#include "client/audit/audit.hpp"
#include "client/load_worker.hpp"
#include "client/share_out.hpp"
#include "client/target.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

using Clock = io::Clock;
using Seconds = std::chrono::duration<double>;

/// How long workers may take to stop after that.
constexpr std::chrono::seconds kStop{10};
/// Connects in flight over all threads, where no rate is asked for: a fraction of any sensible listen backlog.
constexpr std::uint32_t kConnectsAtOnce = 128;

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, const Share& share, RunControl& control)
      : options_(options), share_(share), control_(control) {}

  LoadResult run() {
    prepare();
    connect_all();
    std::optional<Start> start;
    if (!interrupted_ && result_.reached != 0) start = control_.wait_for_start(result_.reached);
    if (start) {
      measure(*start);
      drain();
    } else {
      for (auto& worker : workers_) worker->drain(Clock::now());
      wait_finished(Clock::now() + options_.drain);
    }
    return conclude();
  }

 private:
  void prepare();
  void connect_all();
  void measure(const Start& start);
  void drain();
  LoadResult conclude();

  /// Waits for news from a worker, a signal, or the time; returns after any of them.
  void wait(Clock::time_point until);
  bool wait_finished(Clock::time_point until);
  /// Adds up what the workers found since the last time; what it returns is that alone.
  const WorkerStats& collect();
  /// One more interval of the time series, which ends now.
  void tick(Clock::time_point now);
  void show(const Interval& interval);

  template <typename Number>
  std::uint64_t total(std::atomic<Number> LiveCounters::* counter) const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) sum += (worker->live().*counter).load(std::memory_order_acquire);
    return sum;
  }
  bool all_finished() const { return total(&LiveCounters::finished) == workers_.size(); }

  const LoadOptions& options_;
  const Share share_;
  RunControl& control_;
  Notifier notifier_;
  Endpoint endpoint_;
  LoadResult result_;
  bool interrupted_ = false;
  const char* phase_ = "running";
  Clock::time_point began_;
  Clock::time_point last_tick_;
  Window window_;
  Clock::time_point ended_;
  MachineUse use_before_;
  MachineUse use_after_;
  AuditMoment at_connect_;
  std::optional<AuditMoment> at_from_;  ///< when the window began, and ended
  std::optional<AuditMoment> at_until_;
  WorkerStats since_;                                    ///< what was found since the last tick
  std::vector<std::unique_ptr<WorkerStats>> exchanged_;  ///< one for each worker
  std::vector<std::unique_ptr<LoadWorker>> workers_;
};

void LoadRun::prepare() {
  result_.options = options_;
  result_.version = kVersion;
  result_.machine = this_machine();
  result_.threads = std::min(options_.threads == 0 ? usable_cpus() : options_.threads, options_.connections);
  if (result_.options.message.run == 0) {
    result_.options.message.run = static_cast<std::uint32_t>(std::random_device()() & 0xffffff);
  }
  endpoint_ = share_.endpoint ? *share_.endpoint : choose_endpoint(options_.target, options_.timeout, options_.source);
  result_.endpoint = endpoint_.to_string();
  check_descriptors(options_, result_.threads);
  check_ports(options_, endpoint_);
  result_.started = result_.began = std::chrono::system_clock::now();

  const Clock::time_point epoch = Clock::now();
  std::uint32_t first = 0;
  std::uint64_t budget_given = 0;
  for (unsigned thread = 0; thread < result_.threads; ++thread) {
    const std::uint64_t next = share_up_to(options_.connections, thread + 1, result_.threads);
    const auto connections = static_cast<std::uint32_t>(next - first);
    std::uint64_t budget = WorkerPlan::kUnlimited;
    if (options_.requests) {
      const std::uint64_t due = share_up_to(*options_.requests, next, options_.connections);
      budget = due - budget_given;
      budget_given = due;
    }
    const double rate = options_.connect_rate * connections / options_.connections;
    const WorkerPlan plan{result_.options,
                          endpoint_,
                          notifier_,
                          epoch,
                          share_.process * result_.threads + thread,
                          share_.processes * result_.threads,
                          share_.first_connection + first,
                          share_.all_connections,
                          connections,
                          budget,
                          rate,
                          std::max(1U, kConnectsAtOnce / (share_.processes * result_.threads)),
                          port_range_for(options_.workload, share_.all_connections, endpoint_)};
    workers_.push_back(std::make_unique<LoadWorker>(plan));
    first = static_cast<std::uint32_t>(next);
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) exchanged_.push_back(std::make_unique<WorkerStats>());
}

void LoadRun::wait(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd waiting[] = {{notifier_.fd(), POLLIN, 0}, {control_.fd(), POLLIN, 0}};
  ::poll(waiting, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  notifier_.clear();
  interrupted_ = control_.interrupted();
}

void LoadRun::connect_all() {
  at_connect_ = AuditMoment::now();
  began_ = Clock::now();
  for (auto& worker : workers_) worker->start();
  Clock::time_point next_line = began_ + std::chrono::seconds(1);
  while (!interrupted_ && total(&LiveCounters::settled) < options_.connections) {
    wait(next_line);
    if (Clock::now() < next_line) continue;
    control_.connecting(Seconds(Clock::now() - began_).count(),
                        static_cast<std::uint32_t>(total(&LiveCounters::settled)),
                        static_cast<std::uint32_t>(total(&LiveCounters::reached)), options_.connections);
    next_line += std::chrono::seconds(1);
  }
  result_.reached = static_cast<std::uint32_t>(total(&LiveCounters::reached));
}

void LoadRun::measure(const Start& start) {
  began_ = last_tick_ = start.begin;
  // To the millisecond, as it is written: the two clocks are not read at once.
  result_.began = std::chrono::round<std::chrono::milliseconds>(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(began_ - Clock::now()));
  window_ = {began_, began_ + options_.warmup, Clock::time_point::max()};
  if (options_.duration) {
    window_.until = window_.from + *options_.duration;
  } else if (!options_.requests) {
    window_.until = window_.from + LoadOptions::kDefaultDuration;
  }
  if (options_.warmup.count() == 0) {
    use_before_ = MachineUse::now();
    at_from_ = AuditMoment::now();
  }
  Ranks ranks = start.ranks;
  for (auto& worker : workers_) {
    worker->begin(window_, ranks);
    ranks.first += worker->live().reached;
  }
  result_.ended_by = EndedBy::duration;
  bool warm = options_.warmup.count() == 0;
  if (!warm) phase_ = "warmup ";
  Clock::time_point next_tick = began_ + options_.interval;
  while (Clock::now() < window_.until) {
    wait(std::min({next_tick, window_.until, warm ? window_.until : window_.from}));
    const Clock::time_point now = Clock::now();
    if (!warm && now >= window_.from) {
      warm = true;
      phase_ = "running";
      use_before_ = MachineUse::now();
      at_from_ = AuditMoment::now();
    }
    if (interrupted_) {
      result_.ended_by = EndedBy::interrupt;
      break;
    }
    // Those of a plan that has no request left before the end have not made the measured time shorter.
    if (all_finished() && (options_.requests || !options_.is_open_loop())) {
      if (options_.requests) result_.ended_by = EndedBy::requests;
      break;
    }
    if (now >= next_tick) {
      tick(now);
      show(result_.intervals.back());
      next_tick += options_.interval;
      if (next_tick < now) next_tick = now + options_.interval;
    }
  }
  ended_ = std::min(Clock::now(), window_.until);
  use_after_ = MachineUse::now();
  at_until_ = AuditMoment::now();
  if (!warm) use_before_ = use_after_;
  if (ended_ > last_tick_) tick(ended_);
}

void LoadRun::drain() {
  for (auto& worker : workers_) worker->drain(ended_);
  if (!wait_finished(Clock::now() + options_.drain)) {
    for (auto& worker : workers_) worker->abandon();
    wait_finished(Clock::now() + kStop);
  }
}

bool LoadRun::wait_finished(Clock::time_point until) {
  while (!all_finished() && Clock::now() < until) wait(until);
  return all_finished();
}

const WorkerStats& LoadRun::collect() {
  std::latch exchanged(static_cast<std::ptrdiff_t>(workers_.size()));
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->exchange_stats(exchanged_[i], exchanged);
  exchanged.wait();
  since_.clear();
  for (auto& stats : exchanged_) {
    since_.merge(*stats);
    stats->clear();
  }
  result_.stats.merge(since_);
  return since_;
}

void LoadRun::tick(Clock::time_point now) {
  const WorkerStats& news = collect();
  control_.collected(news, static_cast<std::uint32_t>(total(&LiveCounters::open)));
  const Histogram& times = news[result_.is_echo() ? Time::response : Time::cycle];
  const Interval interval{Seconds(now - began_).count(),
                          Seconds(now - last_tick_).count(),
                          news[Count::done],
                          news.failures.total(),
                          times.percentile(50),
                          times.percentile(99),
                          times.buckets()};
  last_tick_ = now;
  result_.intervals.push_back(interval);
}

void LoadRun::show(const Interval& interval) {
  const Seconds since = last_tick_ - began_;
  double progress = -1;
  if (window_.until != Clock::time_point::max()) progress = since / Seconds(window_.until - began_);
  if (options_.requests) {
    const std::uint64_t done = result_.stats[result_.is_echo() ? Time::response : Time::cycle].count();
    progress = std::max(progress, static_cast<double>(done) / static_cast<double>(*options_.requests));
  }
  control_.running(interval, static_cast<std::uint32_t>(total(&LiveCounters::open)), result_.stats.failures.total(),
                   progress, phase_);
}

LoadResult LoadRun::conclude() {
  for (auto& worker : workers_) worker->stop_and_join();
  result_.spread.every = ConnectionTimes::sampled_every(share_.all_connections);
  since_.clear();
  Clock::time_point last_reply{};
  for (const auto& worker : workers_) {
    const WorkerContext& context = worker->context();
    since_.merge(context.stats());
    for (const ConnectionTally& tally : context.tallies()) {
      result_.fairness.add(tally);
      if (result_.is_echo()) result_.spread.add(tally);
    }
    last_reply = std::max(last_reply, context.last_reply());
  }
  result_.stats.merge(since_);
  control_.collected(since_, 0);
  control_.ended();
  if (result_.is_echo()) result_.spread.add_starved(result_.fairness.starved(result_.reached));
  // Without a window, everything that was counted came before it.
  if (!at_until_) at_until_ = AuditMoment::now();
  result_.audit = audit_between(at_connect_, at_from_.value_or(*at_until_), *at_until_);
  result_.audit->target_here = is_of_this_machine(endpoint_);
  result_.retransmits = result_.audit->network[NetworkCounter::segments_sent_again];
  if (result_.reached == 0) result_.ended_by = EndedBy::no_connection;
  if (interrupted_) result_.ended_by = EndedBy::interrupt;
  if (ended_ != Clock::time_point{}) {
    // With all requests made, the time that counts ends with the last reply and not when we heard of it.
    if (result_.ended_by == EndedBy::requests && last_reply > window_.from) ended_ = std::min(ended_, last_reply);
    result_.window_seconds = std::max(0.0, Seconds(ended_ - window_.from).count());
    result_.processors = std::min(result_.threads, std::max(result_.machine.cpus, 1U));
    result_.cpu_seconds = use_after_.process_seconds - use_before_.process_seconds;
    const auto ticks = static_cast<double>(use_after_.machine_total - use_before_.machine_total);
    if (ticks > 0) {
      result_.machine_busy = static_cast<double>(use_after_.machine_busy - use_before_.machine_busy) / ticks;
    }
  }
  return std::move(result_);
}

}  // namespace

LoadResult run_load(const LoadOptions& options, const Share& share, RunControl& control) {
  return LoadRun(options, share, control).run();
}

}  // namespace weir::load
