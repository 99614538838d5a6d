#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "tests/support/dead_ends.hpp"
#include "tests/support/process.hpp"
#include "tests/support/random_bytes.hpp"

/// What every other test here leans on.
namespace weir::test {
namespace {

TEST(TestSupport, BlackHoleAnswersNoSynAndRefusedPortRefuses) {
  const BlackHole hole;
  const Endpoint dropped = endpoint_of(hole.address());
  const io::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), dropped.data(), dropped.size()), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  pollfd connected{socket.get(), POLLOUT, 0};
  EXPECT_EQ(::poll(&connected, 1, 200), 0);
  const RefusedPort refused;
  EXPECT_THROW(Peer::connect(endpoint_of(refused.address())), std::system_error);
}

TEST(TestSupport, PeerTellsAResetFromAFin) {
  TestListener listener;
  Peer one = Peer::connect(listener.endpoint());
  listener.accept().close();
  EXPECT_EQ(one.receive_until_end().ending, Ending::fin);
  Peer other = Peer::connect(listener.endpoint());
  listener.accept().reset();
  EXPECT_EQ(other.receive_until_end().ending, Ending::reset);
}

TEST(TestSupport, ExchangeMovesMegabytesBothWaysAtOnce) {
  FakeBackend backend(echoes());
  Peer peer = Peer::connect(backend.endpoint());
  const std::string bytes = random_bytes(8 << 20);
  const Received received = peer.exchange(bytes);
  EXPECT_EQ(difference(received.bytes, bytes), "");
  EXPECT_EQ(received.ending, Ending::fin);
}

TEST(TestSupport, ProcessGivesTheExitStatusAndTheOutput) {
  const Finished finished = run("/bin/sh", {"-c", "echo said; echo complained >&2; exit 7"});
  EXPECT_EQ(finished.exit, 7);
  EXPECT_EQ(finished.out, "said\n");
  EXPECT_EQ(finished.err, "complained\n");
  Process killed("/bin/cat", {"/dev/zero"});
  killed.signal(SIGTERM);
  EXPECT_EQ(killed.wait_exit(), 128 + SIGTERM);
}

}  // namespace
}  // namespace weir::test
