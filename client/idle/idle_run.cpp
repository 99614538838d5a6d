#include "client/idle/idle_run.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "client/dial.hpp"
#include "client/die.hpp"
#include "client/live_line.hpp"
#include "client/report/numbers.hpp"
#include "client/resources.hpp"
#include "client/stop_signals.hpp"
#include "client/target.hpp"
#include "client/tls/tls_client.hpp"
#include "common/counted.hpp"
#include "common/io/event_loop.hpp"
#include "common/units.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

using Clock = io::Clock;
using Seconds = std::chrono::duration<double>;
using Status = io::IoResult::Status;

constexpr std::uint8_t kSlotKind = 1;
/// Connects in flight where no rate is asked for: a fraction of any sensible listen backlog.
constexpr std::uint32_t kConnectsAtOnce = 128;
/// Reads of one connection before the others get their turn.
constexpr int kReads = 4;
/// Between probes, and how many may be lost (tcp(7)). A probe after the first one comes no later than this.
constexpr std::chrono::seconds kProbeInterval{10};
constexpr int kProbes = 3;

/// One run, on one thread: connections are coroutines of its loop, and so is what watches them.
class IdleRun {
 public:
  explicit IdleRun(const IdleOptions& options) : options_(options), live_(LiveLine::style_for_stderr(options.quiet)) {}

  IdleSummary run();

 private:
  net::awaitable<void> hold(std::uint32_t number);
  /// Connects, and makes the handshake where there is one to make. Why not; none: it stands, or the run ended.
  net::awaitable<Failure> open(std::uint32_t number, io::Slot& slot, Transport& transport);
  net::awaitable<void> launch();
  /// Waits for the end of the run, and says what happens meanwhile.
  net::awaitable<void> watch();
  void set_keepalive(int fd) const;
  void begin_end(IdleEndedBy why);
  void tell(Clock::time_point now);
  bool all_over() const { return settled_ == options_.connections && open_ == 0; }

  const IdleOptions& options_;
  const StopSignals signals_;
  LiveLine live_;
  Endpoint endpoint_;
  IdleSummary summary_;
  const DialPlan* dial_ = nullptr;
  std::optional<TlsClient> tls_;
  bool ending_ = false;
  std::uint32_t alive_ = 0;    ///< coroutines of connections
  std::uint32_t started_ = 0;  ///< of them, ever
  std::uint32_t settled_ = 0;  ///< whose connect has ended
  std::uint32_t open_ = 0;
  std::array<std::uint32_t, kIdleEnds> ends_{};
  std::array<std::uint32_t, kIdleEnds> told_{};
  std::uint32_t told_settled_ = 0;
  io::Slot* watcher_ = nullptr;
  io::EventLoop loop_;
};

IdleSummary IdleRun::run() {
  summary_.options = options_;
  summary_.version = kVersion;
  endpoint_ = choose_endpoint(options_.target, options_.timeout, options_.source);
  summary_.endpoint = endpoint_.to_string();
  LoadOptions needs;
  needs.connections = options_.connections;
  needs.source = options_.source;
  check_descriptors(needs, 1);
  check_ports(needs, endpoint_);
  const DialPlan dial{endpoint_,
                      options_.source,
                      options_.timeout,
                      port_range_for(Workload::echo, needs.connections, endpoint_),
                      options_.proxy_protocol,
                      options_.proxy_sources};
  dial_ = &dial;
  if (options_.tls) tls_.emplace(*options_.tls, options_.target, 0);
  summary_.tallies.resize(options_.connections);
  summary_.started = std::chrono::system_clock::now();
  summary_.began = Clock::now();
  loop_.post([this] {
    loop_.spawn(watch(), die);
    loop_.spawn(launch(), die);
  });
  loop_.run();
  live_.clear();
  summary_.seconds = Seconds(Clock::now() - summary_.began).count();
  if (summary_.reached() == 0 && summary_.ended_by != IdleEndedBy::interrupt) {
    summary_.ended_by = IdleEndedBy::no_connection;
  }
  return std::move(summary_);
}

net::awaitable<void> IdleRun::launch() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  const Clock::time_point began = Clock::now();
  while (started_ < options_.connections && !ending_) {
    std::uint32_t due = options_.connections;
    if (options_.connect_rate != 0) {
      due = static_cast<std::uint32_t>(std::min<double>(
          due, Seconds(Clock::now() - began).count() * static_cast<double>(options_.connect_rate) + 1));
    }
    int burst = 0;
    while (started_ < due && started_ - settled_ < kConnectsAtOnce && burst++ < 8) {
      ++alive_;
      loop_.spawn(hold(started_++), die);
    }
    if (burst >= 8) {
      co_await slot->yield();
    } else {
      slot->set_deadline(Clock::now() + std::chrono::milliseconds(1));
      co_await slot->wait();
    }
  }
}

net::awaitable<Failure> IdleRun::open(std::uint32_t number, io::Slot& slot, Transport& transport) {
  const std::function<bool()> running = [this] { return !ending_; };
  const Failure failure = co_await dial(*dial_, slot, transport.socket(), number, running);
  if (!tls_ || !transport.valid()) co_return failure;
  const TlsHandshake handshake = co_await tls_->shake_hands(transport, slot, number, options_.timeout, running);
  if (summary_.example.empty()) summary_.example = handshake.detail;
  co_return handshake.failure;
}

net::awaitable<void> IdleRun::hold(std::uint32_t number) {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  IdleTally& tally = summary_.tallies[number];
  Transport transport;
  tally.failure = co_await open(number, *slot, transport);
  ++settled_;
  if (transport.valid()) {
    tally.opened = Clock::now();
    tally.end = IdleEnd::open;
    ++open_;
    if (endpoint_.is_inet()) tally.port = local_endpoint(transport.socket().fd()).port();
    if (options_.keepalive) set_keepalive(transport.socket().fd());
  } else if (tally.failure == Failure::reset && !tls_) {
    // It was established, or it would have been refused, and reset before anyone could look.
    tally.failure = Failure::none;
    tally.end = IdleEnd::rst;
    tally.opened = Clock::now();
    ++open_;
  }
  while (transport.valid() && !ending_ && tally.end == IdleEnd::open) {
    for (int reads = 0; reads < kReads && transport.readable() && tally.end == IdleEnd::open; ++reads) {
      const io::IoResult result = transport.with([this](auto& stream) { return stream.read(loop_.scratch()); });
      if (result.status == Status::moved) tally.bytes += result.bytes;
      if (result.status == Status::end) tally.end = IdleEnd::fin;
      if (result.status == Status::failed) {
        tally.end = idle_end_of(result.error);
        tally.error = result.error;
      }
    }
    if (tally.end == IdleEnd::open) co_await slot->wait(transport.readable());
  }
  if (tally.end != IdleEnd::unopened) {
    tally.ended = Clock::now();
    --open_;
    ++ends_[static_cast<std::size_t>(tally.end)];
  }
  // A FIN, as any client sends that has had enough.
  if (transport.valid()) transport.close();
  --alive_;
  if (alive_ == 0 || all_over()) watcher_->wake();
}

/// SO_KEEPALIVE with probes after that time of silence, and then at least every ten seconds.
void IdleRun::set_keepalive(int fd) const {
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  const auto idle = static_cast<int>(options_.keepalive->count());
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, idle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, std::min(idle, static_cast<int>(kProbeInterval.count())));
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

void IdleRun::begin_end(IdleEndedBy why) {
  if (ending_) return;
  ending_ = true;
  summary_.ended_by = why;
  loop_.wake_all(kSlotKind);
}

net::awaitable<void> IdleRun::watch() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  watcher_ = slot.get();
  if (!slot->watch(io::Side::first, signals_.fd())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  const Clock::time_point until = options_.duration ? summary_.began + *options_.duration : Clock::time_point::max();
  Clock::time_point next_line = summary_.began + std::chrono::seconds(1);
  while (!ending_ || alive_ != 0) {
    if (signals_.take() != 0) begin_end(IdleEndedBy::interrupt);
    const Clock::time_point now = Clock::now();
    if (now >= until) begin_end(IdleEndedBy::duration);
    if (all_over()) begin_end(IdleEndedBy::all_ended);
    if (!ending_ && now >= next_line) {
      tell(now);
      next_line = now + std::chrono::seconds(1);
    }
    if (ending_ && alive_ == 0) break;
    slot->set_deadline(std::min(next_line, until));
    co_await slot->wait();
    slot->timer_fired();
  }
  loop_.stop();
}

void IdleRun::tell(Clock::time_point now) {
  std::string ended;
  for (std::size_t i = static_cast<std::size_t>(IdleEnd::fin); i < kIdleEnds; ++i) {
    // On a terminal the line says what there is in all, else what is new.
    const std::uint32_t count = live_.is_terminal() ? ends_[i] : ends_[i] - told_[i];
    if (count == 0) continue;
    ended += (ended.empty() ? "  " : ", ") + grouped(count) + " " + std::string(idle_end_text(static_cast<IdleEnd>(i)));
  }
  told_ = ends_;
  const bool connecting = settled_ < options_.connections;
  // Without a terminal, a line for news only: the first one is that all have been tried.
  if (ended.empty() && settled_ == told_settled_ && !live_.is_terminal()) return;
  told_settled_ = settled_;
  const auto elapsed = std::lround(Seconds(now - summary_.began).count());
  live_.show(right(std::to_string(elapsed), 3) + " s  " + grouped(open_) + " of " + grouped(options_.connections) +
             " open" + (connecting ? ", connecting" : "") + ended);
}

}  // namespace

IdleSummary hold_idle(const IdleOptions& options) { return IdleRun(options).run(); }

}  // namespace weir::load
