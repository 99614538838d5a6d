// Keys of the configuration that no other test sees at work in the running program.

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/threads.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// How many of so many connections at once the kernel completes for a daemon that is stopped and accepts none.
std::size_t completed(const Daemon& daemon, std::size_t connections) {
  const Endpoint target = loopback(daemon.port());
  std::vector<io::Descriptor> sockets;
  for (std::size_t i = 0; i < connections; ++i) {
    sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(sockets.back().get(), target.data(), target.size());
  }
  return static_cast<std::size_t>(std::count_if(sockets.begin(), sockets.end(), [](const io::Descriptor& socket) {
    pollfd writable{socket.get(), POLLOUT, 0};
    return ::poll(&writable, 1, 0) == 1;
  }));
}

TEST(KeyEffects, BacklogBoundsThoseWhoWaitToBeAccepted) {
  const auto completed_with = [](const std::string& backlog) {
    const Daemon daemon = Daemon::with_config(echo_config() + "workers: 1\nlimits: {backlog: " + backlog + "}");
    daemon.process().signal(SIGSTOP);
    EXPECT_TRUE(wait_until([&] { return daemon.process().stopped(); }));
    const std::size_t count = completed(daemon, 12);
    daemon.process().signal(SIGCONT);
    return count;
  };
  EXPECT_LE(completed_with("2"), 4u) << "the kernel takes one more than the backlog";
  EXPECT_EQ(completed_with("100"), 12u);
}

TEST(KeyEffects, WorkersAreSoManyThreads) {
  for (const int workers : {1, 4}) {
    const Daemon daemon = Daemon::with_config(echo_config() + "workers: " + std::to_string(workers));
    const std::vector<NamedThread> threads = threads_of(daemon.process());
    EXPECT_EQ(std::count_if(threads.begin(), threads.end(),
                            [](const NamedThread& thread) { return thread.name.starts_with("weir-w"); }),
              workers);
  }
}

/// What a daemon with these settings logs from its start to its end.
std::string log_with(const std::vector<std::string>& settings) {
  const TempDir dir;
  const std::string bind = "unix:" + dir.file("echo.sock");
  std::vector<std::string> arguments{"echo", bind};
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  Process daemon("weir", arguments);
  EXPECT_TRUE(wait_until([&] {
    try {
      return Peer::connect(endpoint_of(bind)).exchange("hello").bytes == "hello";
    } catch (const std::system_error&) {
      return false;
    }
  }));
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.wait_exit(), 0);
  return daemon.err();
}

TEST(KeyEffects, LogLevelLeavesOutWhatIsLessSevere) {
  const std::string off = "access_log.enabled=false";
  EXPECT_THAT(log_with({off, "log.level=info"}), HasSubstr("ready"));
  EXPECT_EQ(log_with({off, "log.level=error"}), "");
  EXPECT_EQ(log_with({off, "log.level=off"}), "");
}

TEST(KeyEffects, LogFormatJsonIsAnObjectALine) {
  for (const std::string& line : lines_of(log_with({"access_log.enabled=false", "log.format=json"}))) {
    EXPECT_THAT(line, testing::MatchesRegex("\\{\".*\"\\}"));
  }
  EXPECT_THAT(log_with({"log.format=text"}), Not(HasSubstr("{")));
}

TEST(KeyEffects, AccessLogCanBeTurnedOff) {
  const TempDir dir;
  const std::string log = dir.file("access.log");
  log_with({"access_log.file=" + log, "access_log.enabled=false"});
  EXPECT_FALSE(std::filesystem::exists(log));
  log_with({"access_log.file=" + log});
  EXPECT_EQ(lines_of(read_file(log)).size(), 1u);
}

}  // namespace
}  // namespace weir::test
