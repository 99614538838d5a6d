#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/held_file.hpp"
#include "tests/support/wait_until.hpp"

/// `weir run --watch`: changes of real files reach the daemon that runs.
namespace weir::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string kPlain = "listeners: [{name: e, bind: '127.0.0.1:0', echo: {}}]\n";
const std::string kUpper = "listeners: [{name: e, bind: '127.0.0.1:0', echo: {transform: upper}}]\n";
const std::string kWrong = "listeners: [{name: e, bind: '127.0.0.1:0', echo: {transfrom: upper}}]\n";

class Watch : public testing::Test {
 protected:
  void start(const std::string& yaml = kPlain) { daemon.emplace(Daemon::with_config(yaml, {}, {"--watch"})); }

  fs::path folder() const { return daemon->dir().path(); }
  /// Puts another file in the place of the configuration, as most editors do.
  void put(const std::string& yaml) const {
    daemon->dir().write("weir.yaml.new", daemon->complete(yaml));
    fs::rename(folder() / "weir.yaml.new", folder() / "weir.yaml");
  }
  /// Puts another version in the place of a ConfigMap's, as the kubelet does: a folder for each version, `..data` as a
  /// link to it, and the file as a link through that.
  void put_version(const std::string& yaml) {
    const std::string last = version;
    version = "..version_" + std::to_string(++versions);
    fs::create_directory(folder() / version);
    daemon->dir().write(version + "/weir.yaml", daemon->complete(yaml));
    fs::create_directory_symlink(version, folder() / "..data_tmp");
    fs::rename(folder() / "..data_tmp", folder() / "..data");
    if (last.empty()) {
      fs::create_symlink("..data/weir.yaml", folder() / "weir.yaml.new");
      fs::rename(folder() / "weir.yaml.new", folder() / "weir.yaml");
    } else {
      fs::remove_all(folder() / last);
    }
  }
  /// What a new connection gets back for "a".
  std::string echo() const {
    Peer peer = daemon->connect("e");
    peer.send_all("a");
    return peer.receive_exactly(1);
  }
  bool serves(const std::string& expected) const {
    return wait_until([&] { return echo() == expected; });
  }
  std::string log() const { return daemon->process().err(); }
  bool logs(const std::string& text) const {
    return wait_until([&] { return log().find(text) != std::string::npos; });
  }
  /// How often the log has a text.
  std::size_t count(const std::string& text) const {
    const std::string all = log();
    std::size_t found = 0;
    for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }

  std::optional<Daemon> daemon;
  std::string version;
  int versions = 0;
};

TEST_F(Watch, AFileThatIsRenamedOverItIsLoaded) {
  start();
  put(kUpper);
  EXPECT_TRUE(serves("A")) << log();
  EXPECT_TRUE(logs("--watch: reloaded"));
  put(kPlain);
  EXPECT_TRUE(serves("a")) << log();
}

TEST_F(Watch, AFileThatIsWrittenInPlaceIsLoadedOnceItIsWhole) {
  start();
  const std::string text = daemon->complete(kUpper);
  std::ofstream file(folder() / "weir.yaml", std::ios::trunc);
  file << text.substr(0, text.size() / 3) << std::flush;
  file << text.substr(text.size() / 3) << std::flush;
  file.close();
  EXPECT_TRUE(serves("A")) << log();
  EXPECT_THAT(log(), Not(HasSubstr("refused")));
}

TEST_F(Watch, TheNextVersionOfAConfigMapIsLoaded) {
  start();
  put_version(kPlain);
  put_version(kUpper);
  EXPECT_TRUE(serves("A")) << log();
  put_version(kPlain);
  EXPECT_TRUE(serves("a")) << log();
}

TEST_F(Watch, AFileThatIsRemovedIsWaitedFor) {
  start(kUpper);
  fs::remove(folder() / "weir.yaml");
  EXPECT_TRUE(logs("is gone; what it said goes on until it is back"));
  EXPECT_EQ(echo(), "A");
  put(kUpper);
  EXPECT_TRUE(logs("is back as it was"));
  fs::remove(folder() / "weir.yaml");
  put(kPlain);
  EXPECT_TRUE(serves("a")) << log();
}

TEST_F(Watch, AWrongFileIsRefusedOnceAndTheRightOneIsLoaded) {
  start();
  put(kWrong);
  EXPECT_TRUE(logs("--watch: the reload was refused; what ran before goes on"));
  EXPECT_THAT(log(), HasSubstr("weir.yaml:1:51: listeners.e.echo.transfrom: "));
  EXPECT_THAT(log(), HasSubstr("did you mean \"transform\"?"));
  EXPECT_EQ(echo(), "a");
  put(kWrong);  // the same again is no news
  put(kUpper);
  EXPECT_TRUE(serves("A")) << log();
  EXPECT_EQ(count("refused"), 1U) << log();
}

TEST_F(Watch, APortThatAnotherProgramHasIsTriedAgainUntilItIsFree) {
  start();
  TestListener other;
  put("listeners: [{name: e, bind: '127.0.0.1:0', echo: {transform: upper}}, {name: f, bind: '" + other.address() +
      "', echo: {}}]\n");
  EXPECT_TRUE(logs("what is in the way may pass; trying again in 1s")) << log();
  EXPECT_TRUE(logs("what is in the way may pass; trying again in 2s")) << log();
  EXPECT_EQ(echo(), "a");
  other.close();
  EXPECT_TRUE(serves("A")) << log();
}

TEST_F(Watch, AFileSystemThatDoesNotAnswerHoldsUpNobody) {
  start("admin: {bind: '127.0.0.1:0'}\n" + kPlain);
  const AdminClient admin(*daemon);
  daemon->dir().write("weir.yaml.new", daemon->complete("admin: {bind: '127.0.0.1:0'}\n" + kUpper));
  HeldFile held((folder() / "weir.yaml.new").string());
  if (!held.usable()) GTEST_SKIP() << held.why_not();
  fs::rename(folder() / "weir.yaml.new", folder() / "weir.yaml");
  ASSERT_TRUE(held.holds_somebody());
  EXPECT_EQ(admin.get("/readyz").status, 200);
  held.let_go();
  EXPECT_TRUE(serves("A")) << log();
}

TEST_F(Watch, AFileSystemThatDoesNotAnswerHoldsUpNoDrain) {
  start();
  daemon->dir().write("weir.yaml.new", daemon->complete(kUpper));
  HeldFile held((folder() / "weir.yaml.new").string());
  if (!held.usable()) GTEST_SKIP() << held.why_not();
  fs::rename(folder() / "weir.yaml.new", folder() / "weir.yaml");
  ASSERT_TRUE(held.holds_somebody());
  EXPECT_EQ(daemon->stop(), 0) << log();
}

TEST_F(Watch, AListThatTheConfigurationNamesIsLoadedWhenItChanges) {
  start();
  daemon->dir().write("list", "10.0.0.0/8\n");
  put("listeners: [{name: e, bind: '127.0.0.1:0', echo: {}, allow_file: list}]\n");
  ASSERT_TRUE(logs("--watch: reloaded"));
  EXPECT_THROW(echo(), std::exception) << "not on the list";
  daemon->dir().write("list", "10.0.0.0/8\n127.0.0.0/8\n");
  EXPECT_TRUE(wait_until([&] {
    try {
      return echo() == "a";
    } catch (const std::exception&) {
      return false;
    }
  })) << log();
}

TEST_F(Watch, WithoutItNothingIsLoadedUntilSomebodySaysSo) {
  daemon.emplace(Daemon::with_config(kPlain));
  put(kUpper);
  daemon->process().signal(SIGUSR1);
  EXPECT_TRUE(logs("log files reopened"));
  EXPECT_EQ(echo(), "a");
  daemon->process().signal(SIGHUP);
  EXPECT_TRUE(serves("A"));
}

TEST_F(Watch, ADryRunLeavesWhatHasChangedToBeLoaded) {
  start("admin: {bind: '127.0.0.1:0'}\n" + kPlain);
  const AdminClient admin(*daemon);
  put("admin: {bind: '127.0.0.1:0'}\n" + kUpper);
  EXPECT_EQ(admin.request("POST", "/api/v1/reload?dry_run=1").status, 200);
  EXPECT_TRUE(serves("A")) << log();
}

TEST_F(Watch, AHundredVersionsUnderLoadFailNobody) {
  start();
  put_version(kPlain);
  std::atomic<bool> over{false};
  std::atomic<int> served{0};
  std::atomic<int> failed{0};
  std::thread clients([&] {
    while (!over) {
      try {
        const std::string answer = echo();
        ++(answer == "a" || answer == "A" ? served : failed);
      } catch (const std::exception&) {
        ++failed;
      }
    }
  });
  for (int i = 0; i < 100; ++i) {
    put_version(i % 2 == 0 ? kUpper : kPlain);
    if (serves(i % 2 == 0 ? "A" : "a")) continue;
    ADD_FAILURE() << log();
    break;
  }
  over = true;
  clients.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(served, 0);
  EXPECT_EQ(count("refused"), 0U) << log();
}

TEST_F(Watch, AnUpgradedDaemonWatchesToo) {
  start("admin: {bind: '127.0.0.1:0'}\n" + kPlain);
  const AdminClient admin(*daemon);
  const AdminReply upgraded = admin.request("POST", "/api/v1/upgrade");
  ASSERT_EQ(upgraded.status, 200) << upgraded.body;
  put("admin: {bind: '127.0.0.1:0'}\n" + kUpper);
  EXPECT_TRUE(serves("A")) << log();
  const auto successor = static_cast<pid_t>(upgraded.json().at("pid").as_int64());
  ::kill(successor, SIGTERM);
  daemon->process().wait_exit();
}

TEST_F(Watch, APipeCannotBeWatched) {
  Process weir("weir", {"run", "-c", "/dev/stdin", "--watch"});
  EXPECT_EQ(weir.wait_exit(), 2);
  EXPECT_THAT(weir.err(), HasSubstr("/dev/stdin: is not a regular file"));
}

}  // namespace
}  // namespace weir::test
