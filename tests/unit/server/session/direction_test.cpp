#include "server/session/direction.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "common/io/event_loop.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/random_bytes.hpp"

namespace {

/// What a splice(2) out of a pipe moves at most, as when a signal ends it early; 0 = as it comes.
std::atomic<std::size_t> most_spliced_out{0};

}  // namespace

extern "C" ssize_t splice(int in, off64_t* in_offset, int out, off64_t* out_offset, std::size_t length,
                          unsigned flags) {
  struct stat source{};
  ::fstat(in, &source);
  const std::size_t most = S_ISFIFO(source.st_mode) ? most_spliced_out.load() : 0;
  return ::syscall(SYS_splice, in, in_offset, out, out_offset, most > 0 ? std::min(length, most) : length, flags);
}

/// One direction between two real TCP connections, the far ends of which the test plays.
namespace weir {
namespace {

using test::Peer;

/// How many pipes there are, and whether they are used from the first byte on.
struct Way {
  std::size_t pipes;
  bool always;
};

/// Pumps until the direction ends or fails, and tells what a turn left.
class DirectionTest : public ::testing::TestWithParam<Way> {
 protected:
  DirectionTest() : pool_(GetParam().pipes, spare_) {
    sender_ = Peer::connect(near_.endpoint(), {.receive_buffer = 0, .send_buffer = 0});
    source_ = near_.accept();
    receiver_ = Peer::connect(far_.endpoint(), {.receive_buffer = 16 * 1024, .send_buffer = 0});
    sink_ = far_.accept();
    thread_ = std::thread([this] {
      loop_.spawn(pump(), [this](std::exception_ptr failure) {
        outcome_.set_value(failure ? Direction::Outcome::unfinished : last_);
        loop_.stop();
      });
      loop_.run();
    });
  }
  ~DirectionTest() override {
    sender_.close();
    receiver_.close();
    thread_.join();
  }

  Direction::Outcome outcome() { return outcome_.get_future().get(); }

  io::Descriptor duplicate(const Peer& peer) { return io::Descriptor(::fcntl(peer.fd(), F_DUPFD_CLOEXEC, 0)); }

  net::awaitable<void> pump() {
    const io::SlotPtr slot = loop_.acquire(1);
    for (const Peer* peer : {&source_, &sink_}) {
      const int flags = ::fcntl(peer->fd(), F_GETFL);
      ::fcntl(peer->fd(), F_SETFL, flags | O_NONBLOCK);
      const int on = 1;
      ::setsockopt(peer->fd(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    }
    io::Stream source(*slot, io::Side::first, duplicate(source_));
    io::Stream sink(*slot, io::Side::second, duplicate(sink_));
    Direction direction;
    for (;;) {
      last_ = direction.pump(source, sink, {loop_.scratch(), nullptr, &pool_, GetParam().always, loop_.now()});
      most_on_loan_ = std::max(most_on_loan_, pool_.on_loan());
      if (last_ == Direction::Outcome::unfinished) {
        co_await slot->yield();
        continue;
      }
      if (last_ != Direction::Outcome::waiting) break;
      if (direction.pending() == 0 && !source.readable()) held_while_idle_ += pool_.on_loan();
      co_await slot->wait();
    }
    pending_ = direction.pending();
    moved_ = direction.written();
  }

  test::TestListener near_;
  test::TestListener far_;
  Peer sender_, source_, sink_, receiver_;
  io::SpareDescriptor spare_;
  io::PipePool pool_;
  io::EventLoop loop_;
  Direction::Outcome last_ = Direction::Outcome::waiting;
  std::promise<Direction::Outcome> outcome_;
  std::size_t most_on_loan_ = 0;
  std::size_t held_while_idle_ = 0;
  std::size_t pending_ = 0;
  std::uint64_t moved_ = 0;
  std::thread thread_;
};

std::string way_name(const ::testing::TestParamInfo<Way>& info) {
  return info.param.pipes == 0 ? "Copying" : info.param.always ? "Splicing" : "Adaptive";
}

INSTANTIATE_TEST_SUITE_P(Ways, DirectionTest, ::testing::Values(Way{0, false}, Way{1, false}, Way{1, true}), way_name);

TEST_P(DirectionTest, CarriesMegabytesPastASmallReceiverInOrder) {
  const std::string bytes = test::random_bytes(6 << 20);
  auto sending = std::async(std::launch::async, [&] {
    sender_.send_all(bytes);
    sender_.shutdown_write();
  });
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  EXPECT_EQ(moved_, bytes.size());
  EXPECT_EQ(pending_, 0u);
  EXPECT_EQ(most_on_loan_, GetParam().pipes) << "what streams gets a pipe, and nothing else does";
  EXPECT_EQ(held_while_idle_, 0u);
}

TEST_P(DirectionTest, GoesOnAfterASpliceThatWasCutShortThoughTheSinkHasRoom) {
  most_spliced_out = 5000;
  const std::string bytes = test::random_bytes(3 << 20);
  auto sending = std::async(std::launch::async, [&] {
    sender_.send_all(bytes);
    sender_.shutdown_write();
  });
  EXPECT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  most_spliced_out = 0;
}

TEST_P(DirectionTest, SwitchesBothWaysBetweenMessagesAndStreams) {
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string message = test::random_bytes(64, static_cast<std::uint64_t>(i));
      sender_.send_all(message);
      ASSERT_EQ(receiver_.receive_exactly(64), message);
    }
    const std::string bytes = test::random_bytes((1 << 20) + 7, static_cast<std::uint64_t>(round));
    auto sending = std::async(std::launch::async, [&] { sender_.send_all(bytes); });
    ASSERT_EQ(test::difference(receiver_.receive_exactly(bytes.size()), bytes), "");
    sending.get();
  }
  sender_.shutdown_write();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
  EXPECT_EQ(held_while_idle_, 0u);
}

TEST_P(DirectionTest, UrgentByteInMidStreamKeepsItsPlace) {
  const std::string before = test::random_bytes(1 << 20, 1);
  const std::string after = test::random_bytes(1 << 20, 2);
  auto sending = std::async(std::launch::async, [&] {
    sender_.send_all(before);
    sender_.send_urgent('!');
    sender_.send_all(after);
    sender_.shutdown_write();
  });
  const std::string all = before + "!" + after;
  EXPECT_EQ(test::difference(receiver_.receive_exactly(all.size()), all), "");
  sending.get();
  EXPECT_EQ(outcome(), Direction::Outcome::ended);
}

TEST_P(DirectionTest, ReceiverThatGoesAwayFailsTheSinkAndLeavesNoPipeBehind) {
  const std::string bytes = test::random_bytes(8 << 20);
  auto sending = std::async(std::launch::async, [&] { return sender_.send_until_stalled(bytes); });
  sending.get();
  receiver_.reset();
  EXPECT_EQ(outcome(), Direction::Outcome::sink_failed);
  EXPECT_GT(pending_, 0u);
  EXPECT_EQ(pool_.on_loan(), 0u);
}

TEST_P(DirectionTest, SenderThatResetsFailsTheSourceAfterWhatCameBefore) {
  const std::string bytes = test::random_bytes(256 * 1024);
  auto receiving = std::async(std::launch::async, [&] { return receiver_.receive_exactly(bytes.size()); });
  sender_.send_all(bytes);
  EXPECT_EQ(test::difference(receiving.get(), bytes), "");
  sender_.reset();
  EXPECT_EQ(outcome(), Direction::Outcome::source_failed);
  EXPECT_EQ(moved_, bytes.size());
}

}  // namespace
}  // namespace weir
