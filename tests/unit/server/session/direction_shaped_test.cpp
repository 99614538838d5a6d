#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/io/event_loop.hpp"
#include "server/session/direction.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/random_bytes.hpp"

/// One shaped direction between two real TCP connections, the far ends of which the test plays.
namespace weir {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::Peer;

faults::Met met(faults::Kind kind) {
  faults::Fault fault;
  fault.name = "fault";
  fault.kind = std::move(kind);
  return {std::make_shared<const faults::Fault>(std::move(fault)), faults::Lot(7, "db", "fault", 1)};
}

WayTerms terms(faults::Kind kind) { return {{}, {met(std::move(kind))}}; }

WayTerms rate(std::uint64_t bytes) {
  return {{{std::make_shared<ByteBuckets>(ByteRates{.in = bytes}, 64 * 1024), true}}, {}};
}

/// How many ends of pipes this process holds: a pool keeps those that were used.
std::size_t open_pipes() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with("pipe:")) ++count;
  }
  return count;
}

/// Pumps until the direction ends, fails or is cut.
class ShapedDirection : public ::testing::Test {
 protected:
  /// What the direction has to keep to from its n-th wake-up on; nothing = as before.
  using Plan = std::function<std::optional<WayTerms>(std::uint64_t wakeup)>;

  ~ShapedDirection() override {
    sender_.close();
    receiver_.close();
    if (thread_.joinable()) thread_.join();
  }

  void begin(Plan plan) {
    plan_ = std::move(plan);
    thread_ = std::thread([this] {
      loop_.spawn(pump(), [this](std::exception_ptr failure) {
        outcome_.set_value(failure ? Direction::Outcome::unfinished : last_);
        loop_.stop();
      });
      loop_.run();
    });
  }
  void begin(WayTerms terms) {
    begin(
        [terms = std::move(terms)](std::uint64_t wakeup) { return wakeup == 0 ? std::optional(terms) : std::nullopt; });
  }
  Direction::Outcome outcome() { return outcome_.get_future().get(); }

  io::Descriptor duplicate(const Peer& peer) { return io::Descriptor(::fcntl(peer.fd(), F_DUPFD_CLOEXEC, 0)); }

  /// What was read before the direction began.
  std::string first_;

  net::awaitable<void> pump() {
    const io::SlotPtr slot = loop_.acquire(1);
    for (const Peer* peer : {&source_, &sink_}) {
      ::fcntl(peer->fd(), F_SETFL, ::fcntl(peer->fd(), F_GETFL) | O_NONBLOCK);
    }
    io::Stream source(*slot, io::Side::first, duplicate(source_));
    io::Stream sink(*slot, io::Side::second, duplicate(sink_));
    Direction direction;
    if (!first_.empty()) direction.begin_with(std::as_bytes(std::span(first_)));
    for (std::uint64_t wakeup = 0;; ++wakeup) {
      if (auto terms = plan_(wakeup)) direction.shape(*std::move(terms), loop_.now(), wakeup == 0);
      last_ = direction.pump(source, sink, {loop_.scratch(), nullptr, &pool_, false, loop_.now()});
      most_pending_ = std::max(most_pending_, direction.pending());
      if (last_ == Direction::Outcome::unfinished) {
        co_await slot->yield();
        continue;
      }
      if (last_ != Direction::Outcome::waiting) break;
      if (direction.due() != io::Clock::time_point::max()) slot->set_fine_deadline(direction.due());
      co_await slot->wait();
    }
    if (last_ == Direction::Outcome::cut) cut_by_ = direction.cut_by();
    written_ = direction.written();
    pending_ = direction.pending();
  }

  std::future<void> send(const std::string& bytes) {
    return std::async(std::launch::async, [this, &bytes] {
      sender_.send_all(bytes);
      sender_.shutdown_write();
    });
  }

  test::TestListener near_;
  test::TestListener far_;
  Peer sender_ = Peer::connect(near_.endpoint());
  Peer source_ = near_.accept();
  Peer receiver_ = Peer::connect(far_.endpoint(), {.receive_buffer = 16 * 1024, .send_buffer = 0});
  Peer sink_ = far_.accept();
  io::SpareDescriptor spare_;
  io::PipePool pool_{1, spare_};
  io::EventLoop loop_;
  Plan plan_;
  Direction::Outcome last_ = Direction::Outcome::waiting;
  std::promise<Direction::Outcome> outcome_;
  const std::size_t pipes_before_ = open_pipes();
  std::size_t most_pending_ = 0;
  std::uint64_t written_ = 0;
  std::size_t pending_ = 0;
  std::optional<Shaper::Cut> cut_by_;
  std::thread thread_;
};

struct Case {
  const char* name;
  std::function<WayTerms()> terms;
};

std::string case_name(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

class ShapedDirectionWith : public ShapedDirection, public ::testing::WithParamInterface<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Each, ShapedDirectionWith,
    ::testing::Values(
        Case{"Rate", [] { return rate(50'000'000); }},
        Case{"Bandwidth", [] { return terms(faults::Bandwidth{50'000'000}); }},
        Case{"Latency", [] { return terms(faults::Latency{.delay = milliseconds(3)}); }},
        Case{"Jitter", [] { return terms(faults::Latency{milliseconds(3), milliseconds(2)}); }},
        Case{"Slices", [] { return terms(faults::Slice{.size = 30'000, .variation = 20'000}); }},
        Case{"PausedSlices",
             [] { return terms(faults::Slice{.size = 60'000, .variation = 0, .delay = microseconds(200)}); }},
        Case{"Stalls",
             [] { return terms(faults::Stall{.after = 1000, .duration = milliseconds(1), .every = 100'000}); }},
        Case{"SlowClose", [] { return terms(faults::SlowClose{milliseconds(20)}); }}),
    case_name);

TEST_P(ShapedDirectionWith, EverythingArrivesInOrderAndTheEndComesAfterIt) {
  const std::string bytes = test::random_bytes(3 << 20);
  begin(GetParam().terms());
  auto sending = send(bytes);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  thread_.join();
  EXPECT_EQ(written_, bytes.size());
}

TEST_P(ShapedDirectionWith, WhatASenderSentBeforeItResetArrivesBeforeTheFailure) {
  const std::string bytes = test::random_bytes(100'000);
  begin(GetParam().terms());
  sender_.send_all(bytes);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sender_.reset();
  EXPECT_EQ(outcome(), Direction::Outcome::source_failed);
}

/// Each wake-up may bring another fault, or none.
TEST_F(ShapedDirection, FaultsThatComeAndGoInMidStreamLoseNothing) {
  const std::string bytes = test::random_bytes(24 << 20);
  begin([](std::uint64_t wakeup) -> std::optional<WayTerms> {
    if (wakeup % 3 != 0) return std::nullopt;
    switch (wakeup / 3 % 9) {
      case 0:
        return terms(faults::Latency{.delay = milliseconds(1)});
      case 2:
        return rate(400'000'000);
      case 4:
        return terms(faults::Slice{.size = 5000, .variation = 4000});
      case 5:
        return terms(faults::Stall{.after = 10'000, .duration = microseconds(300), .every = 50'000});
      case 7:
        return terms(faults::SlowClose{milliseconds(1)});
      default:
        return WayTerms{};
    }
  });
  auto sending = send(bytes);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
}

TEST_F(ShapedDirection, AStreamThatIsLimitedStillSplices) {
  const std::string bytes = test::random_bytes(24 << 20);
  begin(rate(200'000'000));
  auto sending = send(bytes);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  EXPECT_EQ(open_pipes(), pipes_before_ + 2);
}

TEST_F(ShapedDirection, AStreamSplicesAgainOnceTheLatencyHasGone) {
  const std::string before = test::random_bytes(1 << 20, 1);
  const std::string after = test::random_bytes(8 << 20, 2);
  std::atomic<bool> clear{false};
  begin([&clear](std::uint64_t wakeup) -> std::optional<WayTerms> {
    if (wakeup == 0) return terms(faults::Latency{.delay = milliseconds(1)});
    return clear ? std::optional(WayTerms{}) : std::nullopt;
  });
  sender_.send_all(before);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(before.size()), before), "");
  clear = true;
  auto sending = send(after);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(after.size()), after), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  EXPECT_EQ(open_pipes(), pipes_before_ + 2);
}

TEST_F(ShapedDirection, WhatIsHeldBackIsBoundedAndThenNothingIsRead) {
  const std::string bytes = test::random_bytes(24 << 20);
  std::atomic<bool> clear{false};
  begin([&clear](std::uint64_t wakeup) -> std::optional<WayTerms> {
    if (wakeup == 0) return terms(faults::Latency{.delay = std::chrono::hours(1)});
    return clear ? std::optional(WayTerms{}) : std::nullopt;
  });
  const std::string sent = bytes.substr(0, sender_.send_until_stalled(bytes));
  clear = true;
  loop_.post([this] { loop_.wake_all(1); });
  EXPECT_EQ(test::difference(receiver_.receive_exactly(sent.size()), sent), "");
  sender_.shutdown_write();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  thread_.join();
  EXPECT_LE(most_pending_, DelayLine::kMost);
}

TEST_F(ShapedDirection, ACutComesAfterExactlyItsBytes) {
  const std::string bytes = test::random_bytes(3 << 20);
  begin(terms(faults::End{.after_bytes = 1'000'003, .after = {}}));
  auto sending = std::async(std::launch::async, [&] { return sender_.send_until_stalled(bytes); });
  EXPECT_EQ(test::difference(receiver_.receive_exactly(1'000'003), bytes.substr(0, 1'000'003)), "");
  EXPECT_EQ(outcome(), Direction::Outcome::cut);
  sending.get();
  thread_.join();
  EXPECT_EQ(cut_by_, Shaper::Cut::end);
  EXPECT_EQ(written_, 1'000'003u);
  EXPECT_EQ(pending_, 0u);
}

/// Bytes that were read to find out where a connection goes keep to its terms as all others do.
TEST_F(ShapedDirection, WhatWasReadBeforeIsCutAtItsPlaceToo) {
  first_ = "hello";
  begin(terms(faults::End{.after_bytes = 3, .after = {}}));
  EXPECT_EQ(receiver_.receive_exactly(3), "hel");
  EXPECT_EQ(outcome(), Direction::Outcome::cut);
  thread_.join();
  EXPECT_EQ(written_, 3u);
}

TEST_P(ShapedDirectionWith, WhatWasReadBeforeComesFirst) {
  first_ = test::random_bytes(5'000, 1);
  const std::string bytes = test::random_bytes(100'000, 2);
  begin(GetParam().terms());
  auto sending = send(bytes);
  EXPECT_EQ(test::difference(receiver_.receive_exactly(105'000), first_ + bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  thread_.join();
  EXPECT_EQ(written_, 105'000u);
}

TEST_F(ShapedDirection, TheDrawnBitsAreTurnedAndNoOther) {
  std::string bytes = test::random_bytes(1 << 20);
  const faults::Met corrupt = met(faults::Corrupt{1000});
  begin(WayTerms{{}, {corrupt}});
  auto sending = send(bytes);
  const std::string received = receiver_.receive_exactly(bytes.size());
  sending.get();
  for (std::uint64_t block = 0; block * 1000 < bytes.size(); ++block) {
    const faults::TurnedBit turned = faults::turned_bit({1000}, corrupt.lot, block);
    if (turned.place < bytes.size()) bytes[turned.place] = static_cast<char>(bytes[turned.place] ^ turned.mask);
  }
  EXPECT_EQ(test::difference(received, bytes), "");
}

}  // namespace
}  // namespace weir
