#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/temp_dir.hpp"

/// Which worker serves which connection, seen from outside: each worker has an epoll instance, and the kernel tells
/// which descriptors are registered with it (proc(5), fdinfo).
namespace weir::test {
namespace {

namespace fs = std::filesystem;

/// What a descriptor of the process is, as `socket:[INODE]`; empty when it is gone.
std::string kind(const fs::path& process, const std::string& descriptor) {
  std::error_code gone;
  return fs::read_symlink(process / "fd" / descriptor, gone).string();
}

/// Sockets registered with each epoll instance of the process, most first.
std::vector<std::size_t> sockets_of_each(pid_t pid) {
  std::vector<std::size_t> counts;
  const fs::path process = "/proc/" + std::to_string(pid);
  for (const auto& entry : fs::directory_iterator(process / "fd")) {
    const std::string descriptor = entry.path().filename();
    if (kind(process, descriptor) != "anon_inode:[eventpoll]") continue;
    std::ifstream info(process / "fdinfo" / descriptor);
    std::size_t sockets = 0;
    for (std::string word; info >> word;) {
      if (word != "tfd:") continue;
      info >> word;
      if (kind(process, word).starts_with("socket:")) ++sockets;
    }
    counts.push_back(sockets);
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
  for (std::size_t round = 1; round <= 3; ++round) {
    const std::vector<Peer> peers = connect_and_exchange(daemon, 40);
    const std::vector<std::size_t> sockets = sockets_of_each(daemon.process().pid());
    ASSERT_GE(sockets.size(), 2u);
    // The listener is one of the sockets; what is uneven beyond that is within the policy's slack.
    EXPECT_LE(sockets[0], sockets[1] + 6) << "round " << round;
    EXPECT_GE(sockets[0] + sockets[1], 40u);
  }
  ASSERT_TRUE(wait_until([&] {
    const std::vector<std::size_t> sockets = sockets_of_each(daemon.process().pid());
    return std::accumulate(sockets.begin(), sockets.end(), std::size_t{0}) == 1;
  })) << "all but the listener's are closed";
}

}  // namespace
}  // namespace weir::test
