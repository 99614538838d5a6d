#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/temp_dir.hpp"

/// Which worker serves which connection, seen from outside: each worker has an epoll instance, and the kernel tells how
/// many descriptors are registered with it (proc(5), fdinfo).
namespace weir::test {
namespace {

namespace fs = std::filesystem;

/// Descriptors registered with each epoll instance of the process, most first.
std::vector<std::size_t> registered(pid_t pid) {
  std::vector<std::size_t> counts;
  const fs::path process = "/proc/" + std::to_string(pid);
  for (const auto& entry : fs::directory_iterator(process / "fd")) {
    std::error_code gone;
    if (fs::read_symlink(entry.path(), gone) != "anon_inode:[eventpoll]") continue;
    std::ifstream info(process / "fdinfo" / entry.path().filename());
    std::size_t count = 0;
    for (std::string line; std::getline(info, line);) count += line.starts_with("tfd:") ? 1 : 0;
    counts.push_back(count);
  }
  std::sort(counts.rbegin(), counts.rend());
  return counts;
}

/// A unix socket has one acceptor, so that every connection begins at the same worker.
Daemon one_acceptor(const TempDir& dir) {
  return Daemon::with_config("workers: 2\nlisteners: [{name: echo, bind: 'unix:" + dir.file("socket") +
                             "', echo: {}}]\n");
}

std::vector<Peer> connect_and_exchange(const Daemon& daemon, std::size_t connections) {
  std::vector<Peer> peers;
  for (std::size_t i = 0; i < connections; ++i) {
    peers.push_back(daemon.connect());
    peers.back().send_all("x");
    EXPECT_EQ(peers.back().receive_exactly(1), "x");
  }
  return peers;
}

TEST(Placement, LastingConnectionsOfOneAcceptorAreSpreadOverTheWorkersAgainAndAgain) {
  const TempDir dir;
  Daemon daemon = one_acceptor(dir);
  const std::vector<std::size_t> idle = registered(daemon.process().pid());
  for (std::size_t round = 1; round <= 3; ++round) {
    const std::vector<Peer> peers = connect_and_exchange(daemon, 40);
    const std::vector<std::size_t> counts = registered(daemon.process().pid());
    ASSERT_GE(counts.size(), 2u);
    // A few descriptors of each are its own; what is uneven beyond that is within the policy's slack.
    EXPECT_LE(counts[0], counts[1] + 6) << "round " << round;
    EXPECT_GE(counts[0] + counts[1], 40u);
  }
  ASSERT_TRUE(wait_until([&] { return registered(daemon.process().pid()) == idle; }));
}

}  // namespace
}  // namespace weir::test
