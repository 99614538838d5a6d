// A log that nobody reads must hold up neither what is served nor the exit.

#include "tests/support/unread_log.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <regex>
#include <tuple>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/notifications.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;

/// Far more than the flush at the exit may take, and far less than for ever.
const std::chrono::seconds kExit{kSanitized ? 40 : 15};

/// A daemon that may be unable to say where it listens: an echo on a unix socket.
class QuietDaemon {
 public:
  QuietDaemon(std::vector<std::string> settings, Process::Options options)
      : process_("weir", arguments(std::move(settings)), options) {
    EXPECT_TRUE(wait_until([this] { return try_connect(); }));
  }

  Process& process() { return process_; }

  std::string echo(const std::string& text) { return Peer::connect(endpoint_of(bind())).exchange(text).bytes; }

  bool try_connect() {
    try {
      Peer::connect(endpoint_of(bind()));
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

 private:
  std::string bind() const { return "unix:" + dir_.file("echo.sock"); }

  std::vector<std::string> arguments(std::vector<std::string> settings) const {
    std::vector<std::string> result{"echo", bind()};
    settings.insert(settings.begin(), {"workers=2", "drain_timeout=1h"});
    for (const std::string& setting : settings) result.insert(result.end(), {"--set", setting});
    return result;
  }

  TempDir dir_;
  Process process_;
};

Process::Options with_stderr(const UnreadLog& log) {
  Process::Options options;
  options.error = log.writer();
  return options;
}

class UnreadStderr : public testing::TestWithParam<std::tuple<UnreadLog::Kind, std::string>> {
 protected:
  UnreadLog log_{std::get<0>(GetParam())};
  std::vector<std::string> settings_{"log.format=" + std::get<1>(GetParam()),
                                     "access_log.format=" + std::get<1>(GetParam())};
};

TEST_P(UnreadStderr, HoldsUpNeitherConnectionsNorTheExit) {
  QuietDaemon daemon(settings_, with_stderr(log_));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(daemon.echo("bytes"), "bytes");
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
}

TEST_P(UnreadStderr, GetsEveryLineOnceItIsReadAgain) {
  QuietDaemon daemon(settings_, with_stderr(log_));
  for (int i = 0; i < 300; ++i) EXPECT_EQ(daemon.echo("bytes"), "bytes");
  const auto records = [](const std::string& text) {
    static const std::regex record("\\bbytes_in\\W+5\\b");
    return std::distance(std::sregex_iterator(text.begin(), text.end(), record), std::sregex_iterator());
  };
  log_.read_until([&](const std::string& text) { return records(text) >= 300; });
  daemon.process().signal(SIGTERM);
  const std::string text = log_.read_until(
      [](const std::string& read) { return read.ends_with('\n') && read.find("drained: ") != std::string::npos; });
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
  EXPECT_EQ(records(text), 300);
  static const std::regex whole(R"(\{.*\}|time=.* retransmits=\S+|\S+Z (debug|info|warning) .*)");
  for (const std::string& line : lines_of(text)) EXPECT_TRUE(std::regex_match(line, whole)) << line;
  EXPECT_THAT(text, Not(HasSubstr(" lost")));
}

INSTANTIATE_TEST_SUITE_P(Each, UnreadStderr,
                         testing::Combine(testing::Values(UnreadLog::Kind::pipe, UnreadLog::Kind::fifo,
                                                          UnreadLog::Kind::unix_socket, UnreadLog::Kind::terminal),
                                          testing::Values("text", "json")),
                         [](const auto& each) { return to_string(std::get<0>(each.param)) + std::get<1>(each.param); });

class UnreadFile : public testing::TestWithParam<std::tuple<UnreadLog::Kind, std::string>> {
 protected:
  const std::string key_ = std::get<1>(GetParam());
  UnreadLog log_{std::get<0>(GetParam())};
  std::vector<std::string> settings_{key_ + ".file=" + log_.path()};
};

TEST_P(UnreadFile, HoldsUpNeitherConnectionsNorTheExitAndTheLossIsSaid) {
  const Notifications notifications;
  Process::Options options;
  options.environment = {{"NOTIFY_SOCKET", notifications.path()}};
  QuietDaemon daemon(settings_, options);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(daemon.echo("bytes"), "bytes");
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
  const std::string lost = key_ == "log" ? "log messages were lost" : "connection records were lost";
  EXPECT_THAT(daemon.process().err(), testing::ContainsRegex("[1-9][0-9]* " + lost));
  EXPECT_THAT(notifications.all(), testing::ContainsRegex("STATUS=.*[1-9][0-9]* " + lost));
}

TEST_P(UnreadFile, IsReopenedWithoutWaitingForItsReader) {
  QuietDaemon daemon(settings_, {});
  EXPECT_EQ(daemon.echo("bytes"), "bytes");
  for (int i = 0; i < 3; ++i) daemon.process().signal(SIGUSR1);
  daemon.process().signal(SIGTERM);
  EXPECT_TRUE(wait_until([&] { return !daemon.try_connect(); }, kExit));
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, UnreadFile,
                         testing::Combine(testing::Values(UnreadLog::Kind::fifo, UnreadLog::Kind::terminal),
                                          testing::Values("log", "access_log")),
                         [](const auto& each) { return to_string(std::get<0>(each.param)) + std::get<1>(each.param); });

TEST(UnreadLogs, SecondSignalDuringTheLastFlushStillEndsInOrder) {
  const UnreadLog log(UnreadLog::Kind::pipe);
  QuietDaemon daemon({}, with_stderr(log));
  EXPECT_EQ(daemon.echo("bytes"), "bytes");
  daemon.process().signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return !daemon.try_connect(); }));
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) daemon.process().signal(signal);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
}

TEST(UnreadLogs, StatusSaysWhatWasLostAtTheExit) {
  const UnreadLog log(UnreadLog::Kind::pipe);
  const Notifications notifications;
  Process::Options options = with_stderr(log);
  options.environment = {{"NOTIFY_SOCKET", notifications.path()}};
  QuietDaemon daemon({}, options);
  EXPECT_EQ(daemon.echo("bytes"), "bytes");
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
  EXPECT_THAT(notifications.all(), testing::ContainsRegex("STATUS=.*[1-9][0-9]* log messages were lost"));
}

TEST(UnreadLogs, LogWhosePlaceWasGivenToAFileGoesOnThere) {
  const UnreadLog log(UnreadLog::Kind::fifo);
  QuietDaemon daemon({"access_log.file=" + log.path()}, {});
  EXPECT_EQ(daemon.echo("bytes"), "bytes");
  ASSERT_EQ(std::rename(log.path().c_str(), (log.path() + ".1").c_str()), 0);
  daemon.process().signal(SIGUSR1);
  EXPECT_TRUE(wait_until([&] { return read_file(log.path()).find("bytes_in=5 ") != std::string::npos; }));
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
}

TEST(UnreadLogs, FifoThatNobodyOpensHoldsUpNoStart) {
  const TempDir dir;
  const std::string fifo = dir.file("log.fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  QuietDaemon daemon({"access_log.file=" + fifo}, {});
  EXPECT_EQ(daemon.echo("bytes"), "bytes");
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait_exit(kExit), 0);
}

}  // namespace
}  // namespace weir::test
