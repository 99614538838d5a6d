#include "client/faults/faults_run.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "client/dial.hpp"
#include "client/die.hpp"
#include "client/faults/bounds.hpp"
#include "client/live_line.hpp"
#include "client/message/pattern.hpp"
#include "client/resources.hpp"
#include "client/stop_signals.hpp"
#include "client/target.hpp"
#include "common/counted.hpp"
#include "common/io/event_loop.hpp"
#include "common/version.hpp"

namespace weir::load {

namespace {

using Clock = io::Clock;
using Status = io::IoResult::Status;
using std::chrono::milliseconds;

constexpr std::uint8_t kSlotKind = 1;
/// Connections that are watched at once. The next one is opened as soon as the daemon has surely taken the one before.
constexpr std::uint32_t kMostAtOnce = 64;
/// Of a connection whose first reply is held: until then the daemon has accepted it, or it is worse off than any test.
constexpr milliseconds kAccepted{200};
constexpr int kSmallMessages = 4;
/// Odd sizes, so that the places where faults act, which people make round, stand amid messages.
constexpr std::uint64_t kSmallMessage = 61;
constexpr std::uint64_t kLargeMessage = 65'521;
/// More messages, where a connection that is spared did not show it yet.
constexpr int kMoreMessages = 8;
/// No connection sends more to reach the place where a fault acts.
constexpr std::uint64_t kFarthest = 4 * 1024 * 1024;
/// Reads of one connection before the others get their turn.
constexpr int kReadsAtOnce = 16;

/// How many bytes have to pass until a fault shows.
std::uint64_t reach_of(const faults::Fault& fault) {
  if (const auto* stall = std::get_if<faults::Stall>(&fault.kind)) return stall->after + stall->every + 1;
  if (const auto* reset = std::get_if<faults::Reset>(&fault.kind)) return reset->after_bytes.value_or(0) + 1;
  if (const auto* end = std::get_if<faults::End>(&fault.kind)) return end->after_bytes.value_or(0) + 1;
  if (const auto* corrupt = std::get_if<faults::Corrupt>(&fault.kind)) return 2 * corrupt->per_bytes;
  if (const auto* slice = std::get_if<faults::Slice>(&fault.kind)) return 3 * (slice->size + slice->variation);
  if (const auto* bandwidth = std::get_if<faults::Bandwidth>(&fault.kind)) return bandwidth->rate / 5;
  return 0;
}

/// The local address that the kernel would connect from; nothing is sent.
std::optional<IpAddress> local_address_towards(const Endpoint& endpoint) {
  if (!endpoint.is_inet()) return std::nullopt;
  const io::Descriptor socket(::socket(endpoint.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), endpoint.data(), endpoint.size()) != 0) return std::nullopt;
  return IpAddress::of(local_endpoint(socket.get()).data());
}

/// A connection while it is watched.
struct Watched {
  std::uint64_t index = 0;
  faults::Who who;
  std::vector<faults::Met> met;
  Sight sight;
  std::uint64_t written = 0;  ///< of what was sent
  io::Stream stream;
  bool broken = false;   ///< a write has failed: what is left is to read
  bool settled = false;  ///< the daemon has counted it

  std::uint64_t pattern_at(std::uint64_t place) const { return who.number * 7919 + place; }
};

/// One run, on one thread: connections are coroutines of its loop.
class FaultsRun {
 public:
  FaultsRun(const FaultsOptions& options, const Announcement& announcement)
      : options_(options),
        announcement_(announcement),
        set_(announcement.seed, announcement.listener, announcement.faults),
        live_(LiveLine::style_for_stderr(options.quiet)) {}

  FaultsSummary run();

 private:
  net::awaitable<void> launch();
  net::awaitable<void> watch(std::uint64_t index);
  net::awaitable<void> watch_signals();

  /// What is done with a connection that stands.
  net::awaitable<void> use(Watched& one, io::Slot& slot);
  net::awaitable<void> exchange(Watched& one, io::Slot& slot, std::uint64_t length);
  /// Waits for the end until then.
  net::awaitable<void> hold(Watched& one, io::Slot& slot, Sight::Time until);
  /// Writes what is to be written and takes what comes, until so much has come, the end, or the time.
  net::awaitable<void> move(Watched& one, io::Slot& slot, std::uint64_t wanted, Sight::Time until);
  void read(Watched& one, std::uint64_t wanted);
  static void write(Watched& one);
  static void compare(Watched& one, std::span<const std::byte> bytes);

  bool is_over(const Watched& one) const { return ending_ || one.sight.end != Sight::End::none; }
  faults::Who who_is_number(std::uint64_t index) const;
  Judgement judged(const Watched& one) const { return judge(announcement_, set_, options_.path, one.who, one.sight); }
  /// Whether something about a connection that is spared may still show.
  bool may_show_more(const Watched& one) const;
  /// Until when a connection stays open for the faults that cut it after a time; the beginning of time for none.
  Sight::Time held_until(const Watched& one) const;
  void settle(Watched& one);
  void begin_end(FaultsEndedBy why);
  void tell();

  const FaultsOptions& options_;
  const Announcement& announcement_;
  const faults::FaultSet set_;
  const StopSignals signals_;
  LiveLine live_;
  Endpoint endpoint_;
  std::optional<IpAddress> local_;
  const DialPlan* dial_ = nullptr;
  std::uint64_t reach_ = 0;
  FaultsSummary summary_;
  std::string failure_;  ///< why a connection could not be opened
  bool ending_ = false;
  bool launched_ = false;  ///< all that will be
  std::uint32_t alive_ = 0;
  std::uint32_t settled_ = 0;  ///< that the daemon has counted
  Clock::time_point began_{};
  Clock::time_point next_line_{};
  io::Slot* launcher_ = nullptr;
  io::Slot* watcher_ = nullptr;
  io::EventLoop loop_;
};

FaultsSummary FaultsRun::run() {
  summary_.options = options_;
  summary_.announcement = announcement_;
  summary_.version = kVersion;
  summary_.tallies.resize(announcement_.faults.size());
  endpoint_ = choose_endpoint(options_.target, options_.timeout, options_.source);
  summary_.endpoint = endpoint_.to_string();
  local_ = local_address_towards(endpoint_);
  for (const auto& fault : announcement_.faults) reach_ = std::max(reach_, std::min(reach_of(*fault), kFarthest));
  const DialPlan dial{endpoint_, options_.source, options_.timeout, 0, options_.proxy_protocol, options_.proxy_sources};
  dial_ = &dial;
  summary_.started = std::chrono::system_clock::now();
  began_ = Clock::now();
  next_line_ = began_ + std::chrono::seconds(1);
  loop_.post([this] {
    loop_.spawn(watch_signals(), die);
    loop_.spawn(launch(), die);
  });
  loop_.run();
  live_.clear();
  summary_.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  if (!failure_.empty()) throw std::runtime_error(failure_);
  std::stable_sort(summary_.mismatches.begin(), summary_.mismatches.end(),
                   [](const Mismatch& one, const Mismatch& other) { return one.number < other.number; });
  return std::move(summary_);
}

faults::Who FaultsRun::who_is_number(std::uint64_t index) const {
  std::optional<IpAddress> address = local_;
  if (!options_.source.empty()) address = IpAddress::of(options_.source.at(index).data());
  if (!options_.proxy_sources.empty()) address = IpAddress::of(options_.proxy_sources.at(index).data());
  return who_is(options_.first_number + index, address);
}

net::awaitable<void> FaultsRun::launch() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  launcher_ = slot.get();
  for (std::uint64_t index = 0; index < options_.connections && !ending_; ++index) {
    while (alive_ >= kMostAtOnce && !ending_) co_await slot->wait();
    if (ending_) break;
    ++alive_;
    const std::uint32_t before = settled_;
    loop_.spawn(watch(index), die);
    while (settled_ == before && !ending_) co_await slot->wait();
    tell();
  }
  launched_ = true;
  launcher_ = nullptr;
  if (ending_ && watcher_ != nullptr) watcher_->wake();
  if (alive_ == 0) begin_end(FaultsEndedBy::all_judged);
  if (!slot->waited()) co_await slot->yield();
}

void FaultsRun::settle(Watched& one) {
  if (std::exchange(one.settled, true)) return;
  ++settled_;
  if (launcher_ != nullptr) launcher_->wake();
}

net::awaitable<void> FaultsRun::watch(std::uint64_t index) {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  Watched one;
  one.index = index;
  one.who = who_is_number(index);
  one.met = set_.met_by(one.who);
  one.sight.began = Clock::now();
  const std::function<bool()> running = [this] { return !ending_; };
  const Failure failure = co_await dial(*dial_, *slot, one.stream, index, running);
  bool judges = true;
  if (one.stream.valid()) {
    co_await use(one, *slot);
  } else if (failure == Failure::reset) {
    // It was established, or it would have been refused, and reset before anyone could look.
    one.sight.end = Sight::End::rst;
  } else {
    judges = false;
    if (failure != Failure::none && failure_.empty()) {
      failure_ = fmt::format("connection {} could not be opened: {}", one.who.number, failure_text(failure));
    }
    begin_end(FaultsEndedBy::interrupt);
  }
  if (one.sight.end == Sight::End::rst || one.sight.ended == Sight::Time{}) one.sight.ended = Clock::now();
  settle(one);
  if (one.stream.valid()) one.stream.reset();  // there may be bytes that nobody will read
  // What a run that ends early has not seen to the end, it says nothing of.
  if (judges && !ending_) summary_.add(judged(one));
  --alive_;
  if (launcher_ != nullptr) launcher_->wake();
  if (launched_ && alive_ == 0) begin_end(FaultsEndedBy::all_judged);
  if (ending_ && watcher_ != nullptr) watcher_->wake();
  if (!slot->waited()) co_await slot->yield();
}

net::awaitable<void> FaultsRun::use(Watched& one, io::Slot& slot) {
  // No more messages are begun after that; how long one may take is another matter.
  const Sight::Time late = one.sight.began + options_.timeout;
  for (int i = 0; i < kSmallMessages && !is_over(one) && !one.sight.gave_up; ++i) {
    co_await exchange(one, slot, kSmallMessage);
  }
  while (!is_over(one) && !one.sight.gave_up && one.sight.came() == one.sight.sent() && one.sight.sent() < reach_ &&
         Clock::now() < late) {
    co_await exchange(one, slot, std::min(kLargeMessage, std::max(reach_ - one.sight.sent(), kSmallMessage)));
  }
  const auto goes_on = [&] { return !is_over(one) && !one.sight.gave_up && one.sight.came() == one.sight.sent(); };
  if (goes_on()) {
    const Sight::Time until = held_until(one);
    if (until != Sight::Time{}) {
      co_await hold(one, slot, until);
      if (goes_on()) co_await exchange(one, slot, kSmallMessage);
    }
  }
  for (int i = 0; i < kMoreMessages && goes_on() && may_show_more(one); ++i) {
    co_await exchange(one, slot, kSmallMessage);
  }
  if (goes_on()) {
    one.sight.fin_sent = Clock::now();
    one.stream.shutdown_write();
    const Sight::Time due = Bounds(one.met, options_.path, one.sight.sent()).fin(one.sight, one.sight.came());
    const bool comes = due != Bounds::kNever;
    co_await hold(one, slot, comes ? std::max(due, Clock::now()) + options_.timeout : Clock::now() + kSilence);
    if (comes && !is_over(one)) one.sight.gave_up = true;
  }
  one.sight.ended = Clock::now();
}

net::awaitable<void> FaultsRun::exchange(Watched& one, io::Slot& slot, std::uint64_t length) {
  Sight& sight = one.sight;
  const std::size_t number = sight.messages.size();
  sight.messages.push_back({sight.sent(), length, Clock::now()});
  const Bounds bounds(one.met, options_.path, sight.sent());
  const bool is_first = number == 0;
  if (is_first && bounds.byte(sight, 0, 0) > sight.messages[0].sent + kAccepted / 2) {
    co_await move(one, slot, 1, sight.messages[0].sent + kAccepted);
    settle(one);
  } else if (is_first) {
    co_await move(one, slot, 1, sight.messages[0].sent + options_.timeout);
    settle(one);
  }
  const Sight::Time last = sight.messages[number].sent + 2 * options_.timeout;
  while (!is_over(one) && sight.came() < sight.sent()) {
    const std::uint64_t before = sight.came();
    const Sight::Time due = bounds.byte(sight, number, before);
    const Sight::Time now = Clock::now();
    const bool comes = due < now + 10 * options_.timeout;
    const Sight::Time patience = comes ? std::max(due, now) + options_.timeout : now + kSilence;
    // One that is slow but goes on is left after a while, and nothing is said of what has not come.
    if (now > last && before > sight.messages[number].place) co_return;
    co_await move(one, slot, before + 1, patience);
    if (sight.came() != before || is_over(one)) continue;
    sight.gave_up = true;
    // An end that is due after a time comes even where nothing passes.
    const Sight::Time until = held_until(one);
    if (until > Clock::now()) co_await hold(one, slot, until);
    co_return;
  }
}

net::awaitable<void> FaultsRun::hold(Watched& one, io::Slot& slot, Sight::Time until) {
  co_await move(one, slot, ~std::uint64_t{0}, until);
}

net::awaitable<void> FaultsRun::move(Watched& one, io::Slot& slot, std::uint64_t wanted, Sight::Time until) {
  while (!is_over(one) && one.sight.came() < wanted && Clock::now() < until) {
    read(one, wanted);
    if (is_over(one) || one.sight.came() >= wanted) co_return;
    write(one);
    const bool more = one.stream.readable() || (!one.broken && one.stream.writable() && one.written < one.sight.sent());
    if (!more) slot.set_fine_deadline(until);
    co_await slot.wait(more);
  }
}

void FaultsRun::read(Watched& one, std::uint64_t wanted) {
  for (int reads = 0; reads < kReadsAtOnce && one.stream.readable() && one.sight.came() < wanted; ++reads) {
    const std::span<std::byte> buffer = loop_.scratch();
    const io::IoResult got = one.stream.read(buffer);
    const Sight::Time now = Clock::now();
    if (got.status == Status::would_block) return;
    if (got.status != Status::moved) {
      one.sight.end = got.status == Status::end ? Sight::End::fin : Sight::End::rst;
      one.sight.ended = now;
      return;
    }
    compare(one, buffer.first(got.bytes));
    one.sight.arrivals.push_back({one.sight.came(), got.bytes, now});
  }
}

void FaultsRun::write(Watched& one) {
  while (!one.broken && one.stream.writable() && one.written < one.sight.sent()) {
    const std::uint64_t rest = one.sight.sent() - one.written;
    const io::IoResult put = one.stream.write(Pattern::slice(one.pattern_at(one.written), rest));
    // What came before a RST can still be read, and only then it shows.
    if (put.status == Status::failed) one.broken = true;
    if (put.status != Status::moved) return;
    one.written += put.bytes;
  }
}

void FaultsRun::compare(Watched& one, std::span<const std::byte> bytes) {
  const std::uint64_t begin = one.sight.came();
  for (std::size_t done = 0; done < bytes.size();) {
    const std::span<const std::byte> right = Pattern::slice(one.pattern_at(begin + done), bytes.size() - done);
    if (!std::equal(right.begin(), right.end(), bytes.begin() + static_cast<std::ptrdiff_t>(done))) {
      for (std::size_t i = 0; i < right.size() && one.sight.turned.size() < Sight::kMostTurned; ++i) {
        const auto mask = std::to_integer<std::uint8_t>(right[i] ^ bytes[done + i]);
        if (mask != 0) one.sight.turned.push_back({begin + done + i, mask});
      }
    }
    done += right.size();
  }
}

Sight::Time FaultsRun::held_until(const Watched& one) const {
  Sight::Time until{};
  for (const auto& fault : announcement_.faults) {
    const std::optional<CutTerms> cut = cut_of(*fault, options_.path);
    if (!cut || !cut->after || *cut->after > options_.timeout) continue;
    const bool announced =
        std::any_of(one.met.begin(), one.met.end(), [&fault](const auto& met) { return met.fault == fault; });
    if (announced) {
      until = std::max(until, one.sight.began + *cut->after + options_.timeout);
    } else if (!cut->at_connect && !one.sight.arrivals.empty()) {
      until = std::max(until, one.sight.arrivals.front().at + *cut->after + kCutGrace + milliseconds(1));
    }
  }
  return until;
}

bool FaultsRun::may_show_more(const Watched& one) const {
  const Judgement now = judged(one);
  for (std::size_t at = 0; at < now.findings.size(); ++at) {
    const faults::Kind& kind = announcement_.faults[at]->kind;
    const bool shows_each_time = std::holds_alternative<faults::Latency>(kind) ||
                                 std::holds_alternative<faults::Slice>(kind) ||
                                 std::holds_alternative<faults::Bandwidth>(kind);
    const bool is_spared = !now.findings[at].announced && now.findings[at].verdict != FaultFinding::Verdict::agrees;
    if (shows_each_time && is_spared) return true;
  }
  return false;
}

void FaultsRun::begin_end(FaultsEndedBy why) {
  if (ending_) return;
  ending_ = true;
  summary_.ended_by = why;
  loop_.wake_all(kSlotKind);
}

net::awaitable<void> FaultsRun::watch_signals() {
  const io::SlotPtr slot = loop_.acquire(kSlotKind);
  watcher_ = slot.get();
  if (!slot->watch(io::Side::first, signals_.fd())) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  const Clock::time_point until = announcement_.left ? began_ + *announcement_.left : Clock::time_point::max();
  while (!ending_ || alive_ != 0 || !launched_) {
    if (signals_.take() != 0) begin_end(FaultsEndedBy::interrupt);
    if (Clock::now() >= until) begin_end(FaultsEndedBy::expiry);
    if (ending_ && alive_ == 0 && launched_) break;
    if (!ending_ && until != Clock::time_point::max()) slot->set_deadline(until);
    co_await slot->wait();
    slot->timer_fired();
  }
  watcher_ = nullptr;
  loop_.stop();
}

void FaultsRun::tell() {
  const Clock::time_point now = Clock::now();
  if (now < next_line_) return;
  next_line_ = now + std::chrono::seconds(1);
  live_.show(fmt::format("{} of {} connections judged, {} not as announced", grouped(summary_.judged),
                         grouped(options_.connections), grouped(summary_.differing)));
}

}  // namespace

FaultsSummary check_faults(const FaultsOptions& options, const Announcement& announcement) {
  return FaultsRun(options, announcement).run();
}

}  // namespace weir::load
