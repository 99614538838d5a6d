#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/failing_programs.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/notifications.hpp"
#include "tests/support/refuses.hpp"

/// A new process in the place of a running daemon: what goes on, and what a new program that fails may cost.
namespace weir::test {
namespace {

using boost::json::value;
using testing::HasSubstr;

const std::string kAdmin = "admin: {bind: '127.0.0.1:0'}\ndrain_timeout: 1h\n";
const std::string kEcho = "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}]\n";

std::string echoed(Peer& client, const std::string& text) {
  client.send_all(text);
  return client.receive_exactly(text.size());
}

/// A daemon whose program on the disk can be replaced.
class Upgrade : public testing::Test {
 protected:
  void start(const std::string& yaml, Process::Options options = {}) {
    std::filesystem::create_symlink(built_program("weir"), program());
    options.path = program();
    options.has_successors = true;
    daemon.emplace(Daemon::with_config(kAdmin + yaml, options));
    admin.emplace(*daemon);
  }
  std::string program() const { return folder.file("weir"); }
  /// A script's line that says which process it is.
  std::string say_pid() const {
    return "echo $$ > " + folder.file("pid.new") + "; mv " + folder.file("pid.new") + " " + folder.file("pid") + "\n";
  }
  std::optional<pid_t> said_pid() const {
    if (!wait_until([&] { return std::filesystem::exists(folder.file("pid")); })) return {};
    return static_cast<pid_t>(std::stoi(read_file(folder.file("pid"))));
  }

  /// From now on this script stands where the program stood. It has a channel to the daemon at $WEIR_UPGRADE_FD.
  void replace_program(const std::string& script) const {
    const std::string next = folder.write("next", "#!/bin/bash\n" + script + "\n");
    ::chmod(next.c_str(), 0755);
    std::filesystem::rename(next, program());
  }
  void restore_program() const {
    std::filesystem::remove(program());
    std::filesystem::create_symlink(built_program("weir"), program());
  }

  AdminReply ask() const { return admin->request("POST", "/api/v1/upgrade"); }
  /// An upgrade that must succeed; returns the id of the process that serves.
  pid_t upgrade() const {
    const AdminReply reply = ask();
    EXPECT_EQ(reply.status, 200) << reply.body << daemon->process().err();
    return reply.status == 200 ? static_cast<pid_t>(reply.json().at("pid").to_number<int>()) : 0;
  }
  /// An upgrade that must fail; returns the problems, a line each.
  std::string refusal() const {
    const AdminReply reply = ask();
    EXPECT_EQ(reply.status, 409) << reply.body;
    std::string lines;
    const value json = reply.json();
    for (const value& problem : json.at("problems").as_array()) {
      lines += std::string(problem.as_string()) + "\n";
    }
    return lines;
  }
  void expect_served() const {
    Peer client = daemon->connect();
    EXPECT_EQ(echoed(client, "ping"), "ping") << daemon->process().err();
  }
  bool wait_for_log(const std::string& text) const {
    return wait_until([&] { return daemon->process().err().find(text) != std::string::npos; });
  }

  const TempDir folder;
  std::optional<Daemon> daemon;
  std::optional<AdminClient> admin;
};

bool is_gone(pid_t process) {
  // A zombie, which whoever adopted it has not reaped yet, is gone as well.
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  return !std::getline(status, text) || text.find(") Z ") != std::string::npos;
}

TEST_F(Upgrade, AnotherProcessServesAndThisOneEndsWithItsLastConnection) {
  start(kEcho);
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  const double started = admin->metric("process_start_time_seconds");
  const pid_t next = upgrade();
  EXPECT_NE(next, daemon->process().pid());
  EXPECT_EQ(echoed(before, "two"), "two");
  expect_served();
  EXPECT_TRUE(wait_until([&] { return admin->metric("weir_connections_active{listener=\"echo\"}") == 0; }))
      << "the new process counts anew";
  EXPECT_GT(admin->metric("process_start_time_seconds"), started) << "and says since when";
  EXPECT_TRUE(daemon->process().running());
  before.close();
  EXPECT_EQ(daemon->process().wait_exit(), 0);
  expect_served();
  EXPECT_FALSE(is_gone(next));
}

TEST_F(Upgrade, EveryAddressAndFileStays) {
  start(
      "listeners:\n"
      "- {name: echo, bind: '127.0.0.1:0', echo: {}}\n"
      "- {name: two, bind: ['127.0.0.1:0', '127.0.0.1:0'], echo: {}}\n"
      "- {name: file, bind: 'unix:" +
      folder.file("sock") + "', echo: {}}\n");
  std::vector<Endpoint> all;
  for (const char* name : {"echo", "two", "file"}) {
    for (const std::string& address : daemon->addresses(name)) all.push_back(endpoint_of(address));
  }
  ASSERT_EQ(all.size(), 4u);
  for (int i = 0; i < 3; ++i) {
    upgrade();
    if (i == 0) {
      EXPECT_EQ(daemon->process().wait_exit(), 0);
    }
    for (const Endpoint& endpoint : all) {
      Peer client = Peer::connect(endpoint);
      EXPECT_EQ(echoed(client, "ping"), "ping") << endpoint.to_string();
    }
  }
  const pid_t last = upgrade();
  ASSERT_EQ(::kill(last, SIGTERM), 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(last); }));
  EXPECT_FALSE(std::filesystem::exists(folder.file("sock"))) << "the last one removes it";
  for (const Endpoint& endpoint : all) EXPECT_TRUE(refuses(endpoint)) << endpoint.to_string();
}

TEST_F(Upgrade, NobodyWhoComesMeanwhileIsRefusedOrLost) {
  start(kEcho);
  std::atomic<bool> over{false};
  std::atomic<int> served{0};
  std::vector<std::string> failures;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        try {
          Peer client = daemon->connect();
          if (echoed(client, "ping") != "ping") throw std::runtime_error("wrong bytes");
          ++served;
        } catch (const std::exception& error) {
          const std::lock_guard<std::mutex> lock(mutex);
          failures.emplace_back(error.what());
          return;
        }
      }
    });
  }
  Peer idle = daemon->connect();
  for (int i = 0; i < 20; ++i) {
    upgrade();
    const int so_far = served;
    EXPECT_TRUE(wait_until([&] { return served > so_far + 20 || !failures.empty(); }));
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(failures, testing::IsEmpty());
  EXPECT_EQ(echoed(idle, "still"), "still");
}

TEST_F(Upgrade, OtherNumbersOfWorkersServeEverySocketOfAGroup) {
  for (const char* workers : {"4", "1", "3"}) {
    const std::string yaml = std::string("workers: ") + workers + "\n" + kEcho;
    if (!daemon) {
      start(yaml);
    } else {
      daemon->rewrite_config(kAdmin + yaml);
      upgrade();
    }
    // The kernel picks a socket of the group for each connection by a hash of its addresses.
    for (int i = 0; i < 40; ++i) expect_served();
  }
}

TEST_F(Upgrade, TheNewProcessGoesByTheConfigurationAsItIsNow) {
  start("listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}, {name: gone, bind: '127.0.0.1:0', echo: {}}]\n");
  const Endpoint gone = endpoint_of(daemon->addresses("gone").front());
  Peer before = Peer::connect(gone);
  EXPECT_EQ(echoed(before, "one"), "one");
  daemon->rewrite_config(kAdmin +
                         "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {transform: upper}}, "
                         "{name: new, bind: '127.0.0.1:0', echo: {}}]\n");
  upgrade();
  // For a moment both accept.
  EXPECT_TRUE(wait_until([&] {
    Peer client = daemon->connect("echo");
    return echoed(client, "ping") == "PING";
  }));
  EXPECT_EQ(echoed(before, "two"), "two") << "the old process still serves those that it has";
  EXPECT_TRUE(wait_until([&] { return refuses(gone); }));
  EXPECT_EQ(admin->status().at("listeners").as_array().size(), 2u);
}

TEST_F(Upgrade, WhatWasDrainedStaysDrained) {
  const Daemon backend = Daemon::with_config(echo_config());
  const std::string server = backend.addresses().front();
  const Endpoint closed = FreePorts(1).endpoint(0);  // by number, because a port that is picked is another each time
  start("listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}, {name: closed, bind: '" + closed.to_string() +
        "', echo: {}}]\nupstreams: [{name: back, servers: [{address: '" + server + "'}]}]\n");
  ASSERT_EQ(admin->request("POST", "/api/v1/listeners/closed/drain").status, 200);
  ASSERT_EQ(admin->request("POST", "/api/v1/backends/back/" + server + "/drain").status, 200);
  ASSERT_TRUE(wait_until([&] { return refuses(closed); }));
  for (int i = 0; i < 2; ++i) {
    upgrade();
    EXPECT_TRUE(refuses(closed));
    const value status = admin->status();
    EXPECT_TRUE(status.at("ready").as_bool());
    EXPECT_EQ(status.at("upstreams").at(0).at("backends").at(0).at("state"), "drained");
  }
  ASSERT_EQ(admin->request("POST", "/api/v1/listeners/closed/enable").status, 200);
  Peer client = Peer::connect(closed);
  EXPECT_EQ(echoed(client, "ping"), "ping");
}

TEST_F(Upgrade, AReloadAfterwardsGivesASocketUpThatTheOldProcessHadToo) {
  const std::string two =
      "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}, "
      "{name: gone, bind: '127.0.0.1:0', echo: {}}]\n";
  start(two);
  const Endpoint gone = endpoint_of(daemon->addresses("gone").front());
  Peer before = daemon->connect("echo");  // keeps the old process
  EXPECT_EQ(echoed(before, "one"), "one");
  const pid_t next = upgrade();
  daemon->rewrite_config(kAdmin + kEcho);
  EXPECT_EQ(admin->request("POST", "/api/v1/reload").status, 200);
  EXPECT_TRUE(wait_until([&] { return refuses(gone); }));
  // What has changed cannot go back: the old one does not serve again.
  ASSERT_EQ(::kill(next, SIGKILL), 0);
  EXPECT_TRUE(wait_until([&] { return refuses(endpoint_of(daemon->addresses("echo").front())); }));
  EXPECT_EQ(echoed(before, "two"), "two");
}

TEST_F(Upgrade, AConfigurationWithAProblemIsRefusedAndNamesIt) {
  start(kEcho);
  const std::size_t descriptors = daemon->process().descriptors();
  daemon->rewrite_config(kAdmin + "listeners: [{name: echo, bind: '127.0.0.1:0', ecko: {}}]\n");
  const std::string problems = refusal();
  EXPECT_THAT(problems, HasSubstr("weir.yaml:3:")) << problems;
  EXPECT_THAT(problems, HasSubstr("ecko"));
  EXPECT_TRUE(wait_for_log("the upgrade failed; what ran before goes on"));
  expect_served();
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() == descriptors; }))
      << descriptors << " descriptors before, now " << daemon->process().descriptors();
  daemon->rewrite_config(kAdmin + kEcho);
  upgrade();
  expect_served();
}

TEST_F(Upgrade, AnAddressThatIsTakenIsNamed) {
  const std::string file = "{name: file, bind: 'unix:" + folder.file("sock") + "', echo: {}}";
  start("listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}, " + file + "]\n");
  const Daemon other = Daemon::with_config(echo_config());
  daemon->rewrite_config(kAdmin + "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}}, " + file +
                         ", {name: taken, bind: '" + other.addresses().front() + "', echo: {}}]\n");
  EXPECT_THAT(refusal(), HasSubstr("listener taken: cannot listen on " + other.addresses().front()));
  expect_served();
  Peer client = Peer::connect(endpoint_of(daemon->addresses("file").front()));
  EXPECT_EQ(echoed(client, "ping"), "ping") << "the file is where it was";
}

TEST_F(Upgrade, TheAdminEndpointMovesToAListenersAddress) {
  const test::FreePorts ports(2);
  const std::string first = ports.endpoint(0).to_string();
  const std::string second = ports.endpoint(1).to_string();
  start(kEcho);
  const auto move_to = [&](const std::string& bind, const std::string& more) {
    daemon->rewrite_config("admin: {bind: '" + bind +
                           "'}\ndrain_timeout: 1h\nlisteners: [{name: echo, bind: '127.0.0.1:0', echo: {}}" + more +
                           "]\n");
    upgrade();
    admin.emplace(endpoint_of(bind));
  };
  move_to(first, ", {name: next, bind: '" + second + "', echo: {}}");
  move_to(second, "");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(admin->status().at("ready").as_bool());
}

class UpgradeTo : public Upgrade, public testing::WithParamInterface<FailingProgram> {};

TEST_P(UpgradeTo, FailsAndTheDaemonGoesOn) {
  start(kEcho + "upgrade_timeout: 300ms\n");
  const std::size_t descriptors = daemon->process().descriptors();
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  replace_program(GetParam().script);
  EXPECT_THAT(refusal(), HasSubstr(GetParam().problem));
  EXPECT_EQ(echoed(before, "two"), "two");
  before.close();
  expect_served();
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() == descriptors; }))
      << descriptors << " descriptors before, now " << daemon->process().descriptors();
  restore_program();
  upgrade();
  expect_served();
}

INSTANTIATE_TEST_SUITE_P(Program, UpgradeTo, testing::ValuesIn(kFailingPrograms),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Upgrade, HowAProgramEndedIsKnownHoweverThisOneWasStarted) {
  // Whoever ignores it lets those that it starts ignore it, and the kernel keeps nothing of their children.
  std::signal(SIGCHLD, SIG_IGN);
  start(kEcho);
  std::signal(SIGCHLD, SIG_DFL);
  replace_program("exit 3");
  EXPECT_THAT(refusal(), HasSubstr("the new program exited with status 3"));
  expect_served();
}

TEST_F(Upgrade, AProgramThatTakesTooLongIsEnded) {
  start(kEcho + "upgrade_timeout: 200ms\n");
  replace_program(say_pid() + "exec sleep 60");
  EXPECT_THAT(refusal(), HasSubstr("upgrade_timeout"));
  const std::optional<pid_t> fake = said_pid();
  ASSERT_TRUE(fake);
  EXPECT_TRUE(wait_until([&] { return is_gone(*fake); }));
}

TEST_F(Upgrade, AProgramThatIsNotThereIsNamed) {
  start(kEcho);
  std::filesystem::remove(program());
  EXPECT_THAT(refusal(), HasSubstr("cannot start " + program() + ": No such file or directory"));
  expect_served();
}

TEST_F(Upgrade, ThisProcessServesAgainWhereTheNewOneDies) {
  start(kEcho + "upgrade_timeout: 5s\n");
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  for (int i = 0; i < 2; ++i) {
    const pid_t next = upgrade();
    ASSERT_EQ(::kill(next, SIGKILL), 0);
    expect_served();
    EXPECT_EQ(echoed(before, "two"), "two");
    EXPECT_TRUE(wait_until([&] { return admin->status().at("ready").as_bool(); }));
    EXPECT_EQ(admin->metric("weir_draining"), 0);
  }
  EXPECT_TRUE(wait_for_log("ended by signal 9 (Killed) while this one still drained"));
  upgrade();
  expect_served();
  before.close();
  EXPECT_EQ(daemon->process().wait_exit(), 0);
}

TEST_F(Upgrade, AReloadThatKeepsWhatIsListenedOnKeepsTheWayBack) {
  start(kEcho);
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  const pid_t next = upgrade();
  EXPECT_EQ(admin->request("POST", "/api/v1/reload").status, 200);
  ASSERT_EQ(::kill(next, SIGKILL), 0);
  expect_served();
  EXPECT_EQ(echoed(before, "two"), "two");
}

TEST_F(Upgrade, OneThatDiesTheMomentItIsReadyCostsNobody) {
  start(kEcho);
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  replace_program(
      "for step in prepared ready; do echo \"{\\\"step\\\":\\\"$step\\\"}\" >&$WEIR_UPGRADE_FD; done; exit 5");
  upgrade();
  expect_served();
  EXPECT_EQ(echoed(before, "two"), "two");
  EXPECT_TRUE(wait_for_log("exited with status 5; its stderr or its log says why while this one"));
}

TEST_F(Upgrade, OneThatIsToldToStopStaysStopped) {
  start(kEcho);
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  const pid_t next = upgrade();
  ASSERT_EQ(::kill(next, SIGTERM), 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(next); }));
  EXPECT_TRUE(refuses(*daemon));
  EXPECT_EQ(echoed(before, "two"), "two");
  before.close();
  EXPECT_EQ(daemon->process().wait_exit(), 0);
}

TEST_F(Upgrade, TheOldProcessGoesOnDrainingWhenItIsToldToStopAndASecondSignalCutsIt) {
  start(kEcho);
  Peer before = daemon->connect();
  EXPECT_EQ(echoed(before, "one"), "one");
  const pid_t next = upgrade();
  daemon->process().signal(SIGTERM);
  ASSERT_TRUE(wait_for_log("going on to drain 1 connection;"));
  EXPECT_EQ(echoed(before, "two"), "two");
  ASSERT_EQ(::kill(next, SIGKILL), 0);
  EXPECT_TRUE(wait_until([&] { return refuses(*daemon); })) << "it does not serve again";
  daemon->process().signal(SIGTERM);
  EXPECT_EQ(daemon->process().wait_exit(), 0);
}

TEST_F(Upgrade, SigtermEndsAProgramThatIsNotReady) {
  start(kEcho);
  replace_program(say_pid() + "exec sleep 60");
  daemon->process().signal(SIGUSR2);
  const std::optional<pid_t> fake = said_pid();
  ASSERT_TRUE(fake);
  daemon->process().signal(SIGTERM);
  EXPECT_EQ(daemon->process().wait_exit(), 0);
  EXPECT_TRUE(wait_until([&] { return is_gone(*fake); }));
}

TEST_F(Upgrade, OneAtATimeAndNothingChangesMeanwhile) {
  start(kEcho + "upgrade_timeout: 1h\nupstreams: [{name: back, servers: [{address: '127.0.0.1:1'}]}]\n");
  replace_program(say_pid() + "exec sleep 60");
  daemon->process().signal(SIGUSR2);
  ASSERT_TRUE(said_pid());
  EXPECT_THAT(refusal(), HasSubstr("an upgrade is under way already"));
  const AdminReply reload = admin->request("POST", "/api/v1/reload");
  EXPECT_EQ(reload.status, 409);
  EXPECT_THAT(reload.body, HasSubstr("an upgrade is under way"));
  for (const std::string what : {"backends/back/127.0.0.1:1", "listeners/echo"}) {
    for (const std::string change : {"/drain", "/enable"}) {
      const AdminReply reply = admin->request("POST", "/api/v1/" + what + change);
      EXPECT_EQ(reply.status, 409) << what << change;
      EXPECT_THAT(reply.body, HasSubstr("an upgrade is under way")) << what << change;
    }
  }
  expect_served();
}

TEST_F(Upgrade, TheOldProcessIsUpgradedNoMore) {
  start(kEcho);
  const Peer before = daemon->connect();
  const pid_t next = upgrade();
  daemon->process().signal(SIGUSR2);
  EXPECT_TRUE(wait_for_log("process " + std::to_string(next) + " has taken this one's place"));
  daemon->process().signal(SIGHUP);
  EXPECT_TRUE(wait_for_log("SIGHUP: the reload was refused"));
}

TEST_F(Upgrade, FailsWithoutDescriptorsToPassTheSocketsOn) {
  Process::Options options;
  options.descriptors = 128;
  std::string listeners = "workers: 1\nlimits: {connections: 0}\nlisteners:\n";
  // Connections leave some descriptors to others; these are more sockets than that.
  for (int i = 0; i < 20; ++i) {
    listeners += fmt::format("  - {{name: echo-{}, bind: '127.0.0.1:0', echo: {{}}}}\n", i);
  }
  start(listeners, options);
  std::vector<Peer> crowd;
  EXPECT_TRUE(wait_until([&] {
    crowd.push_back(daemon->connect());
    return daemon->process().descriptors() >= 110;
  }));
  daemon->process().signal(SIGUSR2);
  EXPECT_TRUE(wait_for_log("Too many open files"));
  EXPECT_TRUE(wait_for_log("the upgrade failed; what ran before goes on"));
  crowd.clear();
  EXPECT_TRUE(wait_until([&] { return daemon->process().descriptors() < 60; }));
  expect_served();
}

TEST_F(Upgrade, TheServiceManagerIsToldWhichProcessIsTheMainOne) {
  const Notifications notifications;
  Process::Options options;
  options.environment = {{"NOTIFY_SOCKET", notifications.path()}};
  start(kEcho, options);
  std::string told;
  const auto is_told = [&](const std::string& last) {
    return wait_until([&] { return (told += notifications.all()).find(last) != std::string::npos; });
  };
  ASSERT_TRUE(is_told("ready")) << told;
  told.clear();
  Peer before = daemon->connect();
  const pid_t next = upgrade();
  ASSERT_TRUE(is_told(" ready: ")) << told;
  EXPECT_THAT(told, HasSubstr("RELOADING=1\nMONOTONIC_USEC="));
  const std::string main = "READY=1\nMAINPID=" + std::to_string(next) + "\n";
  EXPECT_THAT(told, HasSubstr(main));
  EXPECT_LT(told.find(main), told.find("weir ")) << "first the main process is named, which then speaks: " << told;
  EXPECT_THAT(told, testing::Not(HasSubstr("STOPPING"))) << "the service goes on";
  told.clear();
  ASSERT_EQ(::kill(next, SIGKILL), 0);
  ASSERT_TRUE(is_told("MAINPID=" + std::to_string(daemon->process().pid()))) << told;
}

/// Process 1 of a container is one that nothing can take the place of.
TEST_F(Upgrade, IsRefusedToTheFirstProcessOfAContainer) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for a namespace of processes";
  const std::string config = folder.write("weir.yaml", "workers: 1\n" + kEcho);
  Process container("/usr/bin/unshare", {"--pid", "--fork", "--kill-child", built_program("weir"), "run", config}, {});
  container.wait_for_error_line(R"(\bready\b)");
  std::ifstream children("/proc/" + std::to_string(container.pid()) + "/task/" + std::to_string(container.pid()) +
                         "/children");
  pid_t daemon_pid = 0;
  ASSERT_TRUE(children >> daemon_pid);
  ASSERT_EQ(::kill(daemon_pid, SIGUSR2), 0);
  EXPECT_THAT(container.wait_for_error_line("upgrade: "), HasSubstr("this is process 1 of its container"));
  ASSERT_EQ(::kill(daemon_pid, SIGTERM), 0);
  EXPECT_EQ(container.wait_exit(), 0);
}

/// Whatever an operator does to a daemon in whatever order, it serves until it is told to stop, and then everything
/// ends.
class Shuffled : public Upgrade, public testing::WithParamInterface<unsigned> {};

TEST_P(Shuffled, OrdersEndInADefinedState) {
  start(kEcho);
  std::mt19937 random(GetParam());
  std::vector<Peer> kept;
  std::vector<pid_t> processes{daemon->process().pid()};
  const auto last = [&] { return processes.back(); };
  for (int i = 0; i < 25; ++i) {
    switch (random() % 7) {
      case 0:
        ::kill(last(), SIGHUP);
        break;
      case 1:
        ::kill(processes[random() % processes.size()], SIGUSR1);
        break;
      case 2:
        admin->request("POST", "/api/v1/reload");
        break;
      case 3:
        kept.push_back(daemon->connect());
        break;
      case 4:
        if (processes.size() > 1) ::kill(processes[random() % (processes.size() - 1)], SIGUSR2);  // an old one
        break;
      case 5:
        daemon->rewrite_config(kAdmin + kEcho + "drain_spread: " + std::to_string(random() % 9) + "ms\n");
        break;
      default:
        if (const AdminReply reply = ask(); reply.status == 200) {
          processes.push_back(static_cast<pid_t>(reply.json().at("pid").to_number<int>()));
        }
        break;
    }
    expect_served();
  }
  for (Peer& client : kept) EXPECT_EQ(echoed(client, "kept"), "kept");
  for (const pid_t process : processes) ::kill(process, SIGTERM);
  kept.clear();
  for (const pid_t process : processes) {
    EXPECT_TRUE(wait_until([&] { return is_gone(process); })) << process << daemon->process().err();
  }
  EXPECT_TRUE(refuses(*daemon));
}

INSTANTIATE_TEST_SUITE_P(Seed, Shuffled, testing::Range(1U, 9U));

}  // namespace
}  // namespace weir::test
