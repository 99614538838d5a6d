#include <gmock/gmock.h>

#include <csignal>
#include <string>

#include "tests/support/daemon.hpp"
#include "tests/support/notifications.hpp"
#include "tests/support/threads.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// What a daemon with a service manager told it so far.
class Told {
 public:
  std::map<std::string, std::string> environment() const { return {{"NOTIFY_SOCKET", notifications_.path()}}; }

  const std::string& all() {
    text_ += notifications_.all();
    return text_;
  }
  void forget() {
    all();
    text_.clear();
  }
  bool waits_for(const std::string& what) {
    return wait_until([&] { return all().find(what) != std::string::npos; });
  }

 private:
  const Notifications notifications_;
  std::string text_;
};

Daemon daemon_of(const Told& told, const std::string& more = "", const std::string& watchdog = "") {
  Process::Options options;
  options.environment = told.environment();
  if (!watchdog.empty()) options.environment["WATCHDOG_USEC"] = watchdog;
  return Daemon::with_config("listeners: [{name: e, bind: '127.0.0.1:0', echo: {}}]\n" + more, options);
}

TEST(ServiceManager, TheWatchdogIsFedWhileEveryWorkerAnswers) {
  Told told;
  Daemon daemon = daemon_of(told, "", "1500000");
  ASSERT_TRUE(told.waits_for("WATCHDOG=1")) << told.all();
  {
    const StoppedThread stuck(daemon.process(), "weir-w1");
    daemon.process().wait_for_error_line(R"(worker 1 \(thread weir-w1\) has not answered for)");
    told.forget();
    // Fed twice an interval at least, it would be fed again long before this connection's worker had served it.
    daemon.process().signal(SIGUSR1);
    daemon.process().wait_for_error_line("log files reopened");
    EXPECT_FALSE(wait_until([&] { return told.all().find("WATCHDOG=1") != std::string::npos; },
                            std::chrono::milliseconds(1600)));
  }
  daemon.process().wait_for_error_line("worker 1 answers again");
  EXPECT_TRUE(told.waits_for("WATCHDOG=1"));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(ServiceManager, NobodyIsFedWithoutAWatchdog) {
  Told told;
  Daemon daemon = daemon_of(told);
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(told.all(), Not(HasSubstr("WATCHDOG")));
}

TEST(ServiceManager, StatusSaysWhatIsServedAndWhatADrainWaitsFor) {
  Told told;
  Daemon daemon = daemon_of(told, "drain_timeout: 1h");
  Peer client = daemon.connect();
  EXPECT_TRUE(told.waits_for("STATUS=1 connection, ")) << told.all();
  EXPECT_THAT(told.all(), HasSubstr("/s; 1 listener\n"));
  daemon.drain();
  EXPECT_TRUE(told.waits_for("EXTEND_TIMEOUT_USEC=30000000")) << told.all();
  EXPECT_TRUE(told.waits_for("STATUS=draining, 1 connection left")) << told.all();
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
}

TEST(ServiceManager, AReloadIsAnnouncedAndOver) {
  Told told;
  Daemon daemon = daemon_of(told);
  ASSERT_TRUE(told.waits_for("READY=1")) << told.all();
  told.forget();
  daemon.process().signal(SIGHUP);
  ASSERT_TRUE(told.waits_for("READY=1")) << told.all();
  EXPECT_THAT(told.all(), MatchesRegex("(STATUS=.*\n)*RELOADING=1\nMONOTONIC_USEC=[0-9]+\nREADY=1\n(STATUS=.*\n)*"));
  told.forget();
  daemon.dir().write("weir.yaml", "listeners: 7");
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("the reload was refused");
  ASSERT_TRUE(told.waits_for("READY=1")) << told.all();
  EXPECT_THAT(told.all(), HasSubstr("RELOADING=1\nMONOTONIC_USEC="));
}

TEST(ServiceManager, ADaemonThatDrainsIsNotReadyAgain) {
  Told told;
  Daemon daemon = daemon_of(told, "drain_timeout: 1h");
  Peer client = daemon.connect();
  daemon.drain();
  ASSERT_TRUE(told.waits_for("STOPPING=1"));
  told.forget();
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_error_line("the reload was refused");
  client.close();
  EXPECT_EQ(daemon.process().wait_exit(), 0);
  EXPECT_THAT(told.all(), Not(HasSubstr("READY=1")));
}

}  // namespace
}  // namespace weir::test
