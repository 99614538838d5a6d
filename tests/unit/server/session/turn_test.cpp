#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>
#include <thread>

#include "server/session/direction.hpp"
#include "server/session/discard_traffic.hpp"
#include "tests/support/bare_listener.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"

/// A connection that always has bytes takes its share of a turn and no more.
namespace weir {
namespace {

using test::BareListener;
using test::Peer;

/// A turn ends with the read that fills its share.
constexpr std::size_t kMost = Direction::kTurnBytes + io::EventLoop::kScratchSize;

void set_nonblocking(const Peer& peer) { ::fcntl(peer.fd(), F_SETFL, ::fcntl(peer.fd(), F_GETFL) | O_NONBLOCK); }

io::Descriptor duplicate(const Peer& peer) { return io::Descriptor(::fcntl(peer.fd(), F_DUPFD_CLOEXEC, 0)); }

/// What a test has seen of its turns.
struct Turns {
  std::size_t most = 0;  ///< bytes in one
  std::size_t unfinished = 0;
  std::uint64_t moved = 0;

  void add(std::uint64_t moved_by_now, bool is_unfinished) {
    most = std::max(most, static_cast<std::size_t>(moved_by_now - moved));
    moved = moved_by_now;
    unfinished += is_unfinished ? 1 : 0;
  }
};

net::awaitable<void> discard_all(BareListener& listener, const Peer& accepted, Turns& turns) {
  SessionStart start = listener.start(duplicate(accepted));
  Session session(start);
  DiscardTraffic traffic{DiscardService{}};
  for (;;) {
    for (int i = 0; i < 20 && session.client.unread() <= 2 * kMost; ++i) ::poll(nullptr, 0, 1);  // let it fill
    const Turn turn = traffic.turn(session);
    SessionRecord record;
    traffic.describe(record);
    turns.add(record.bytes_in, turn.unfinished);
    if (turn.over) break;
    co_await session.slot->wait(turn.unfinished);
  }
  session.leave();
}

TEST(DiscardTraffic, ATurnReadsItsShareAndLeavesTheRestForTheNext) {
  constexpr std::size_t kBytes = 32 << 20;
  BareListener listener("listeners: [{name: d, bind: '127.0.0.1:0', discard: {}}]\naccess_log: {enabled: false}\n");
  test::TestListener near;
  Peer sender = Peer::connect(near.endpoint());
  const Peer accepted = near.accept();
  set_nonblocking(accepted);
  std::thread sending([&] {
    sender.send_all(std::string(kBytes, 'x'));
    sender.shutdown_write();
  });
  Turns turns;
  listener.spawn(discard_all(listener, accepted, turns));
  listener.run();
  sending.join();
  EXPECT_EQ(turns.moved, kBytes);
  EXPECT_LE(turns.most, kMost);
  EXPECT_GT(turns.unfinished, 0u) << "there was never more than a turn's share";
}

/// Both far ends of a direction, so that its source never runs dry and its sink never fills up.
struct FarEnds {
  Peer sender;
  Peer receiver;
  std::size_t left = 8 << 20;  ///< to be sent

  void top_up(std::size_t bytes) {
    static const std::string kBytes(io::EventLoop::kScratchSize, 'x');
    const ssize_t sent =
        ::send(sender.fd(), kBytes.data(), std::min({bytes, left, kBytes.size()}), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) left -= static_cast<std::size_t>(sent);
    static std::array<char, std::size_t{1} << 20> received;
    while (::recv(receiver.fd(), received.data(), received.size(), MSG_DONTWAIT) > 0) continue;
  }
};

FarEnds* far_ends = nullptr;  // a Transform is a plain function

void top_up(std::span<std::byte> bytes) { far_ends->top_up(bytes.size()); }

net::awaitable<void> pump_all(io::EventLoop& loop, const Peer& from, const Peer& to, Turns& turns) {
  const io::SlotPtr slot = loop.acquire(1);
  io::Stream source(*slot, io::Side::first, duplicate(from));
  io::Stream sink(*slot, io::Side::second, duplicate(to));
  Direction direction;
  while (far_ends->left > 0 || direction.pending() > 0) {
    const auto outcome = direction.pump(source, sink, {loop.scratch(), top_up, nullptr, false, loop.now()});
    turns.add(direction.read(), outcome == Direction::Outcome::unfinished);
    if (Direction::is_failure(outcome)) co_return;
    if (outcome == Direction::Outcome::waiting) far_ends->top_up(io::EventLoop::kScratchSize);
    co_await slot->yield();
  }
}

TEST(Direction, ATurnReadsItsShareAndLeavesTheRestForTheNext) {
  BareListener listener(test::echo_config() + "access_log: {enabled: false}\n");
  test::TestListener near;
  test::TestListener far;
  // The source holds more than the scratch buffer, and the sender more than the source: no read comes back short.
  const Peer source = Peer::connect(near.endpoint(), {.receive_buffer = 1 << 20});
  FarEnds ends{near.accept(), Peer::connect(far.endpoint())};
  const int large = 1 << 20;
  ::setsockopt(ends.sender.fd(), SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
  const Peer sink = far.accept();
  set_nonblocking(source);
  set_nonblocking(sink);
  far_ends = &ends;
  for (int i = 0; i < 8; ++i) ends.top_up(io::EventLoop::kScratchSize);
  Turns turns;
  listener.spawn(pump_all(listener.loop(), source, sink, turns));
  listener.run();
  EXPECT_EQ(ends.left, 0u);
  EXPECT_LE(turns.most, kMost);
  EXPECT_GT(turns.unfinished, 0u) << "there was never more than a turn's share";
}

}  // namespace
}  // namespace weir
