#include "client/stream/stream_run.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

#include "client/live_line.hpp"
#include "client/report/numbers.hpp"
#include "client/share_out.hpp"
#include "client/stop_signals.hpp"
#include "client/stream/stream_numbers.hpp"
#include "client/stream/stream_worker.hpp"
#include "client/target.hpp"
#include "common/counted.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

using Clock = io::Clock;
using Seconds = std::chrono::duration<double>;
using Samples = std::vector<StreamProgress>;

/// Connects in flight over all threads: a fraction of any sensible listen backlog.
constexpr std::uint32_t kConnectsAtOnce = 128;

class StreamRun {
 public:
  explicit StreamRun(const StreamOptions& options)
      : options_(options), live_(LiveLine::style_for_stderr(options.quiet)) {}

  StreamSummary run() {
    prepare();
    open_all();
    if (all_finished()) summary_.ended_by = StreamsEndedBy::far_end;
    if (!interrupted_ && !all_finished()) measure();
    close_all();
    return conclude();
  }

 private:
  void prepare();
  void open_all();
  void measure();
  void close_all();
  StreamSummary conclude();

  /// Waits for news from a worker, a signal, or the time; returns after any of them.
  void wait(Clock::time_point until);
  Samples sample();
  void tick(Clock::time_point now, const Samples& samples);
  void show(const StreamInterval& interval, double progress);

  using Counters = StreamContext::Counters;
  std::uint32_t total(std::atomic<std::uint32_t> Counters::* counter) const {
    std::uint32_t sum = 0;
    for (const auto& worker : workers_) sum += (worker->counters().*counter).load(std::memory_order_acquire);
    return sum;
  }
  bool all_finished() const { return total(&Counters::finished) == options_.streams; }

  const StreamOptions& options_;
  const StopSignals signals_;
  LiveLine live_;
  Notifier notifier_;
  Endpoint endpoint_;
  StreamSummary summary_;
  bool interrupted_ = false;
  const char* phase_ = "running";
  Clock::time_point began_;
  Clock::time_point last_tick_;
  Samples last_samples_;
  std::unique_ptr<DialPlan> dial_;
  std::vector<std::unique_ptr<StreamWorker>> workers_;
};

void StreamRun::prepare() {
  summary_.options = options_;
  summary_.version = kVersion;
  summary_.machine = this_machine();
  summary_.threads = std::min(options_.threads == 0 ? usable_cpus() : options_.threads, options_.streams);
  summary_.run = static_cast<std::uint32_t>(std::random_device()() & 0xffffff);
  endpoint_ = choose_endpoint(options_.target, options_.timeout, options_.source);
  summary_.endpoint = endpoint_.to_string();
  LoadOptions needs;
  needs.connections = options_.streams;
  needs.source = options_.source;
  check_descriptors(needs, summary_.threads);
  check_ports(needs, endpoint_);
  summary_.started = std::chrono::system_clock::now();

  dial_ = std::make_unique<DialPlan>(DialPlan{endpoint_, options_.source, options_.timeout,
                                              port_range_for(Workload::echo, needs.connections, endpoint_),
                                              options_.proxy_protocol, options_.proxy_sources});
  const StreamPlan plan{options_, *dial_, notifier_, summary_.run};
  std::uint32_t first = 0;
  for (unsigned thread = 0; thread < summary_.threads; ++thread) {
    const auto next = static_cast<std::uint32_t>(share_up_to(options_.streams, thread + 1, summary_.threads));
    workers_.push_back(
        std::make_unique<StreamWorker>(plan, first, next - first, std::max(1U, kConnectsAtOnce / summary_.threads)));
    first = next;
  }
}

void StreamRun::wait(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd waiting[] = {{notifier_.fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
  ::poll(waiting, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  notifier_.clear();
  for (int signals = signals_.take(); signals > 0; --signals) {
    if (interrupted_) {
      live_.clear();
      ::_exit(1);
    }
    interrupted_ = true;
  }
}

void StreamRun::open_all() {
  const Clock::time_point began = Clock::now();
  for (auto& worker : workers_) worker->start();
  Clock::time_point next_line = began + std::chrono::seconds(1);
  while (!interrupted_ && total(&Counters::settled) < options_.streams) {
    wait(next_line);
    if (Clock::now() < next_line) continue;
    live_.show(right(std::to_string(std::lround(Seconds(Clock::now() - began).count())), 3) + " s  opening  " +
               grouped(total(&Counters::settled)) + " of " + grouped(options_.streams) + " streams");
    next_line += std::chrono::seconds(1);
  }
}

Samples StreamRun::sample() {
  std::vector<Samples> parts(workers_.size());
  std::latch done(static_cast<std::ptrdiff_t>(workers_.size()));
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->sample(parts[i], done);
  done.wait();
  Samples all;
  for (const Samples& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void StreamRun::measure() {
  // What down streams brought while others were still opened belongs to no interval.
  last_samples_ = sample();
  began_ = last_tick_ = Clock::now();
  for (auto& worker : workers_) worker->begin();
  const Clock::time_point from = began_ + options_.warmup;
  const Clock::time_point until = from + options_.duration;
  Clock::time_point window_from = began_;
  MachineUse cpu_before = MachineUse::now();
  summary_.window_began = last_samples_;
  bool warm = options_.warmup.count() == 0;
  if (!warm) phase_ = "warmup ";
  Clock::time_point next_tick = began_ + options_.interval;
  while (Clock::now() < until) {
    wait(std::min({next_tick, until, warm ? until : from}));
    const Clock::time_point now = Clock::now();
    if (!warm && now >= from) {
      warm = true;
      phase_ = "running";
      summary_.window_began = sample();
      window_from = Clock::now();
      cpu_before = MachineUse::now();
    }
    if (interrupted_) break;
    if (all_finished()) {
      summary_.ended_by = StreamsEndedBy::far_end;
      break;
    }
    if (now >= next_tick) {
      tick(now, sample());
      next_tick += options_.interval;
      if (next_tick < now) next_tick = now + options_.interval;
    }
  }
  const Clock::time_point ended = Clock::now();
  summary_.window_ended = sample();
  const MachineUse cpu_after = MachineUse::now();
  if (ended - last_tick_ > options_.interval / 2) tick(ended, summary_.window_ended);
  if (!warm) {  // it never came to the measuring
    summary_.window_began = summary_.window_ended;
    window_from = ended;
    cpu_before = cpu_after;
  }
  summary_.window_seconds = Seconds(ended - window_from).count();
  summary_.window = interval_between(summary_.window_began, summary_.window_ended, Seconds(ended - began_).count(),
                                     summary_.window_seconds);
  summary_.cpu_seconds = cpu_after.process_seconds - cpu_before.process_seconds;
  const auto ticks = static_cast<double>(cpu_after.machine_total - cpu_before.machine_total);
  if (ticks > 0) {
    summary_.machine_busy = static_cast<double>(cpu_after.machine_busy - cpu_before.machine_busy) / ticks;
  }
}

void StreamRun::tick(Clock::time_point now, const Samples& samples) {
  StreamInterval interval =
      interval_between(last_samples_, samples, Seconds(now - began_).count(), Seconds(now - last_tick_).count());
  interval.open = total(&Counters::open);
  last_samples_ = samples;
  last_tick_ = now;
  summary_.intervals.push_back(interval);
  show(interval, (now - began_) / Seconds(options_.warmup + options_.duration));
}

void StreamRun::show(const StreamInterval& interval, double progress) {
  std::string line;
  if (live_.is_terminal()) line = "▕" + bar(progress, 20) + "▏ ";
  line += right(std::to_string(std::lround(interval.at)), 3) + " s  " + phase_ + right(grouped(interval.open), 5) +
          (interval.open == 1 ? " stream " : " streams");
  if (goes_up(options_.direction)) line += "  up " + right(display_bits(a_second(interval.up, interval.length)), 11);
  if (goes_down(options_.direction)) {
    line += "  down " + right(display_bits(a_second(interval.down, interval.length)), 11);
  }
  if (interval.rtt_us > 0) line += "  rtt " + right(display_microseconds(interval.rtt_us), 7);
  line += "  " + grouped(interval.retransmits) + " retransmits  " + grouped(total(&Counters::failed)) + " errors";
  live_.show(line);
}

void StreamRun::close_all() {
  for (auto& worker : workers_) worker->finish();
  bool may_abandon = !interrupted_;
  const Clock::time_point began = Clock::now();
  Clock::time_point next_line = began + std::chrono::seconds(1);
  while (!all_finished()) {
    wait(next_line);
    if (interrupted_ && std::exchange(may_abandon, false)) {
      for (auto& worker : workers_) worker->abandon();
    }
    if (Clock::now() < next_line) continue;
    live_.show(right(std::to_string(std::lround(Seconds(Clock::now() - began).count())), 3) + " s  closing  " +
               grouped(options_.streams - total(&Counters::finished)) + " of " + grouped(options_.streams) +
               " streams have not ended");
    next_line += std::chrono::seconds(1);
  }
}

StreamSummary StreamRun::conclude() {
  live_.clear();
  for (auto& worker : workers_) {
    worker->stop_and_join();
    summary_.outcomes.insert(summary_.outcomes.end(), worker->outcomes().begin(), worker->outcomes().end());
  }
  summary_.reached = total(&Counters::reached);
  if (summary_.reached == 0) summary_.ended_by = StreamsEndedBy::no_connection;
  if (interrupted_) summary_.ended_by = StreamsEndedBy::interrupt;
  return std::move(summary_);
}

}  // namespace

StreamSummary run_streams(const StreamOptions& options) { return StreamRun(options).run(); }

}  // namespace weir::load
