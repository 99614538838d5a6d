#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <future>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/random_bytes.hpp"

/// What splice(2) says less clearly than recv(2) and send(2), and must not be misread.
namespace weir::test {
namespace {

Daemon splicing_proxy(const TestListener& backend) {
  return Daemon::with_config(proxy_config({backend.address()}) + "relay: {splice: always}\n");
}

/// How much went until the flag fell or the other side was gone, and the error that said so.
struct Sent {
  std::size_t bytes = 0;
  int error = 0;
};

Sent send_while(const Peer& peer, const std::atomic<bool>& go_on) {
  const std::string bytes = random_bytes(256 * 1024);
  Sent sent;
  while (go_on) {
    const ssize_t count = ::send(peer.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
      sent.error = errno;
      break;
    }
    sent.bytes += static_cast<std::size_t>(count);
  }
  return sent;
}

std::size_t count_until_end(const Peer& peer) {
  std::string buffer(256 * 1024, '\0');
  std::size_t received = 0;
  for (;;) {
    const ssize_t count = ::recv(peer.fd(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return received;
    received += static_cast<std::size_t>(count);
  }
}

void receive_at_least(const Peer& peer, std::size_t bytes) {
  std::string buffer(256 * 1024, '\0');
  for (std::size_t received = 0; received < bytes;) {
    const ssize_t count = ::recv(peer.fd(), buffer.data(), buffer.size(), 0);
    ASSERT_GT(count, 0);
    received += static_cast<std::size_t>(count);
  }
}

TEST(ProxySplice, StreamGoesOnWhenTheDaemonIsStoppedAndContinuedInTheMiddle) {
  TestListener backend;
  Daemon daemon = splicing_proxy(backend);
  Peer client = daemon.connect();
  Peer server = backend.accept();
  std::atomic<bool> streaming{true};
  auto receiving = std::async(std::launch::async, [&] { return count_until_end(server); });
  auto sending = std::async(std::launch::async, [&] {
    const Sent sent = send_while(client, streaming);
    client.shutdown_write();
    return sent.bytes;
  });
  for (int i = 0; i < 300; ++i) {
    daemon.process().signal(SIGSTOP);
    ASSERT_TRUE(wait_until([&] { return daemon.process().stopped(); }));
    daemon.process().signal(SIGCONT);
  }
  streaming = false;
  const std::size_t sent = sending.get();
  EXPECT_EQ(receiving.get(), sent);
}

TEST(ProxySplice, BackendSeesAResetAndNoFinWhenItsClientResetsInMidDownload) {
  TestListener backend;
  Daemon daemon = splicing_proxy(backend);
  for (int i = 0; i < 100; ++i) {
    Peer client = daemon.connect();
    Peer server = backend.accept();
    const std::atomic<bool> always{true};
    auto sending = std::async(std::launch::async, [&] { return send_while(server, always); });
    receive_at_least(client, 4'000'000 + static_cast<std::size_t>(i % 100) * 30'000);
    client.reset();
    // A RST that follows a FIN reads as EPIPE (tcp_reset() of the kernel, in CLOSE_WAIT).
    EXPECT_EQ(sending.get().error, ECONNRESET) << "round " << i;
  }
}

}  // namespace
}  // namespace weir::test
