#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/half_open.hpp"
#include "tests/support/refuses.hpp"

/// Reloads of a running daemon: what changes, what stays, and that no connection pays for it.
namespace weir::test {
namespace {

using boost::json::value;
using testing::HasSubstr;

const std::string kAdmin = "admin: {bind: '127.0.0.1:0'}\n";

/// A daemon whose configuration can be rewritten.
class Reload : public testing::Test {
 protected:
  void start(const std::string& yaml) {
    daemon.emplace(Daemon::with_config(kAdmin + yaml));
    admin.emplace(*daemon);
  }
  void write(const std::string& yaml) const { daemon->rewrite_config(kAdmin + yaml); }
  AdminReply reload() const { return admin->request("POST", "/api/v1/reload"); }
  /// A reload that must be applied.
  void apply(const std::string& yaml) const {
    write(yaml);
    const AdminReply reply = reload();
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  value listener(const std::string& name) const { return named("listeners", name); }
  value upstream(const std::string& name) const { return named("upstreams", name); }
  /// Where a listener listens now.
  Endpoint where(const std::string& name) const {
    return endpoint_of(std::string(listener(name).at("bound").at(0).as_string()));
  }
  Peer connect(const std::string& name) const { return Peer::connect(where(name)); }

  std::optional<Daemon> daemon;
  std::optional<AdminClient> admin;

 private:
  value named(const std::string& list, const std::string& name) const {
    const value status = admin->status();
    for (const value& item : status.at(list).as_array()) {
      if (item.at("name").as_string() == name) return item;
    }
    return {};
  }
};

std::string ask(Peer& peer, const std::string& text) {
  peer.send_all(text);
  return peer.receive_exactly(text.size());
}

/// How many entries /proc has for a process: its descriptors (`fd`), its threads (`task`).
std::size_t count_in_proc(pid_t process, const char* what) {
  const auto entries = std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/" + what);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::int64_t number(const value& json) { return json.to_number<std::int64_t>(); }

TEST_F(Reload, ListenersComeAndGo) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  Peer old = connect("a");
  EXPECT_EQ(ask(old, "one"), "one");
  const Endpoint gone = where("a");
  apply("listeners: [{name: b, bind: '127.0.0.1:0', echo: {transform: upper}}]\n");
  Peer fresh = connect("b");
  EXPECT_EQ(ask(fresh, "two"), "TWO");
  EXPECT_TRUE(wait_until([&] { return refuses(gone); })) << "the socket of a listener that was removed is still open";
  EXPECT_EQ(ask(old, "three"), "three") << "a connection lives on with the service that it began with";
  EXPECT_EQ(number(listener("a").at("active")), 1);
  old.close();
  EXPECT_TRUE(wait_until([&] { return listener("a").is_null(); })) << "it is shown until its last connection ended";
}

TEST_F(Reload, AConnectionLivesOnWithWhatItBeganWith) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}, timeouts: {idle: 1h}}]\n");
  const Endpoint before = where("a");
  Peer old = connect("a");
  EXPECT_EQ(ask(old, "x"), "x");
  apply("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}, timeouts: {idle: 1s}}]\n");
  EXPECT_EQ(where("a"), before) << "a listener whose bind stays keeps its socket";
  Peer fresh = connect("a");
  EXPECT_EQ(ask(fresh, "y"), "Y");
  EXPECT_EQ(fresh.receive_until_end().ending, Ending::fin) << "new connections have the new time limit";
  EXPECT_EQ(ask(old, "z"), "z");
  EXPECT_EQ(number(listener("a").at("accepted")), 2) << "what is counted goes on";
}

TEST_F(Reload, ARenamedListenerHandsItsSocketOn) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  const std::string bind = where("a").to_string();
  apply("listeners: [{name: a, bind: '" + bind + "', echo: {}}]\n");
  const Endpoint address = where("a");
  std::atomic<bool> over{false};
  std::atomic<int> failed{0};
  std::atomic<int> served{0};
  std::thread clients([&] {
    while (!over) {
      try {
        Peer peer = Peer::connect(address);
        if (ask(peer, "ping") == "ping") ++served;
      } catch (const std::exception&) {
        ++failed;
      }
    }
  });
  EXPECT_TRUE(wait_until([&] { return served > 0; }));
  for (int i = 0; i < 20; ++i) {
    apply("listeners: [{name: " + std::string(i % 2 == 0 ? "b" : "a") + ", bind: '" + bind + "', echo: {}}]\n");
  }
  over = true;
  clients.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(Reload, AnAddressMayGrowAndShrink) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  const std::uint16_t port = where("a").port();
  const std::string wide = "listeners: [{name: a, bind: ':" + std::to_string(port) + "', echo: {}}]\n";
  const std::string narrow = "listeners: [{name: a, bind: '127.0.0.1:" + std::to_string(port) + "', echo: {}}]\n";
  for (int i = 0; i < 3; ++i) {
    apply(wide);
    Peer one = Peer::connect(loopback(port));
    EXPECT_EQ(ask(one, "wide"), "wide");
    apply(narrow);
    Peer other = Peer::connect(loopback(port));
    EXPECT_EQ(ask(other, "narrow"), "narrow");
  }
}

TEST_F(Reload, ABadFileIsRefusedWholeAndNothingChanges) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  write(
      "listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}, {name: b, bind: '127.0.0.1', echoo: "
      "{}}]\n");
  const AdminReply refused = reload();
  EXPECT_EQ(refused.status, 409);
  EXPECT_GE(refused.json().at("problems").as_array().size(), 2u) << refused.body;
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "same"), "same");
  EXPECT_TRUE(listener("b").is_null());
  EXPECT_EQ(admin->get("/readyz").status, 200);
}

TEST_F(Reload, WhatCannotBeBoundRefusesTheWholeReload) {
  const TestListener taken;
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}, {name: b, bind: '" + taken.address() +
        "', echo: {}}, {name: c, bind: '127.0.0.1:0', echo: {}}]\n");
  const AdminReply refused = reload();
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("listener b: cannot listen on " + taken.address()));
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "same"), "same");
  EXPECT_TRUE(listener("c").is_null());
}

TEST_F(Reload, WorkersCannotChange) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\nworkers: 2\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}]\nworkers: 3\n");
  const AdminReply refused = reload();
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("workers"));
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "same"), "same");
}

TEST_F(Reload, TheWayOfRelayingCannotChange) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\nrelay: {splice: always}\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\nrelay: {splice: never}\n");
  const AdminReply refused = reload();
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("relay.splice: always -> never cannot change"));
}

TEST_F(Reload, ADryRunChangesNothing) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}]\n");
  const AdminReply reply = admin->request("POST", "/api/v1/reload?dry_run=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("would_apply"));
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "same"), "same");
}

TEST_F(Reload, BackendsComeAndGoAndConnectionsStay) {
  FakeBackend one(greets_then_echoes("1"));
  FakeBackend two(greets_then_echoes("2"));
  start(proxy_config({one.address()}));
  Peer old = connect("front");
  EXPECT_EQ(old.receive_exactly(1), "1");
  apply(proxy_config({two.address()}));
  for (int i = 0; i < 3; ++i) {
    Peer fresh = connect("front");
    EXPECT_EQ(fresh.receive_exactly(1), "2");
  }
  EXPECT_EQ(ask(old, "still here"), "still here");
  EXPECT_EQ(upstream("back").at("backends").as_array().size(), 2u) << "the one that was removed still has a connection";
  old.close();
  EXPECT_TRUE(wait_until([&] { return upstream("back").at("backends").as_array().size() == 1; }));
}

TEST_F(Reload, WhatIsKnownOfABackendLivesThrough) {
  FakeBackend good(greets_then_echoes("g"));
  const Endpoint dead = TestListener().endpoint();
  const auto config = [&](const std::string& more) {
    return proxy_config({good.address(), dead.to_string()}, "", "health: {interval: 20ms, fall: 2, rise: 2}" + more);
  };
  start(config(""));
  const auto state = [&](std::size_t place) {
    return std::string(upstream("back").at("backends").at(place).at("state").as_string());
  };
  EXPECT_TRUE(wait_until([&] { return state(1) == "down"; }));
  const std::string since(upstream("back").at("backends").at(1).at("since").as_string());
  Peer old = connect("front");
  EXPECT_EQ(old.receive_exactly(1), "g");
  EXPECT_EQ(admin->request("POST", "/api/v1/backends/back/" + good.address() + "/drain").status, 200);
  apply(config(", balance: least_connections"));
  EXPECT_EQ(state(0), "drained");
  EXPECT_EQ(state(1), "down");
  EXPECT_EQ(upstream("back").at("backends").at(1).at("since").as_string(), since);
  EXPECT_EQ(number(upstream("back").at("backends").at(0).at("active")), 1);
}

TEST_F(Reload, ChecksGoOnFromWhatIsKnown) {
  std::optional<FakeBackend> backend(closes_at_once());
  const std::string address = backend->address();
  const auto config = [&](const std::string& timeout) {
    return proxy_config({address}, "", "health: {interval: 1h, fall: 3, timeout: " + timeout + "}");
  };
  start(config("1s"));
  const auto seen = [&](const char* what) {
    return number(upstream("back").at("backends").at(0).at("checks").at(what));
  };
  EXPECT_TRUE(wait_until([&] { return seen("passed") == 1; }));
  backend.reset();
  apply(config("900ms"));
  EXPECT_TRUE(wait_until([&] { return seen("failed") == 1; }));
  EXPECT_EQ(upstream("back").at("backends").at(0).at("state").as_string(), "up") << "one failure of three";
}

TEST_F(Reload, ABackendThatWasDownIsUpWhereChecksEnd) {
  const Endpoint dead = TestListener().endpoint();
  start(proxy_config({dead.to_string()}, "", "health: {interval: 20ms, fall: 1}"));
  EXPECT_TRUE(wait_until([&] { return upstream("back").at("backends").at(0).at("state").as_string() == "down"; }));
  apply(proxy_config({dead.to_string()}));
  EXPECT_EQ(upstream("back").at("backends").at(0).at("state").as_string(), "up");
}

TEST_F(Reload, LimitsCountConnectionsOfBefore) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  Peer one = connect("a");
  Peer two = connect("a");
  EXPECT_EQ(ask(one, "1") + ask(two, "2"), "12");
  apply("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}, limits: {connections: 2}}]\n");
  Peer refused = connect("a");
  EXPECT_EQ(refused.receive_until_end().ending, Ending::reset);
  one.close();
  EXPECT_TRUE(wait_until([&] { return number(listener("a").at("active")) == 1; }));
  Peer third = connect("a");
  EXPECT_EQ(ask(third, "3"), "3");
  apply("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\nlimits: {connections: 2}\n");
  Peer fourth = connect("a");
  EXPECT_EQ(fourth.receive_until_end().ending, Ending::reset) << "the limit of the process counts them, too";
}

TEST_F(Reload, PerSourceLimitsCountThroughReloads) {
  const auto config = [](int most) {
    return "listeners: [{name: a, bind: '127.0.0.1:0', echo: {}, limits: {per_source: " + std::to_string(most) +
           "}}]\n";
  };
  start(config(1));
  Peer one = connect("a");
  EXPECT_EQ(ask(one, "1"), "1");
  apply(config(2));
  Peer two = connect("a");
  EXPECT_EQ(ask(two, "2"), "2");
  EXPECT_EQ(connect("a").receive_until_end().ending, Ending::reset);
}

TEST_F(Reload, ARemovedListenersConnectionsAreCutIfWished) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}, {name: b, bind: '127.0.0.1:0', echo: {}}]\n");
  Peer a = connect("a");
  Peer b = connect("b");
  EXPECT_EQ(ask(a, "a") + ask(b, "b"), "ab");
  apply("listeners: [{name: b, bind: '127.0.0.1:0', echo: {}}]\nremoved_listener: cut\ndrain_timeout: 50ms\n");
  EXPECT_NE(a.receive_until_end().ending, Ending::silence);
  EXPECT_EQ(daemon->wait_for_record([](const Record& record) { return record.text("listener") == "a"; }).text("end"),
            "shutdown");
  EXPECT_EQ(ask(b, "b"), "b");
}

TEST_F(Reload, CutEndsThoseOfEarlierVersionsToo) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}, {name: b, bind: '127.0.0.1:0', echo: {}}]\n");
  Peer old = connect("a");
  EXPECT_EQ(ask(old, "x"), "x");
  apply(
      "listeners: [{name: a, bind: '127.0.0.1:0', echo: {}, timeouts: {idle: 1h}}, "
      "{name: b, bind: '127.0.0.1:0', echo: {}}]\n");
  apply("listeners: [{name: b, bind: '127.0.0.1:0', echo: {}}]\nremoved_listener: cut\ndrain_timeout: 50ms\n");
  EXPECT_NE(old.receive_until_end().ending, Ending::silence);
}

TEST_F(Reload, WithoutCutARemovedListenersConnectionsOutliveTheDrainTimeout) {
  start(
      "listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}, "
      "{name: b, bind: '127.0.0.1:0', echo: {}, timeouts: {idle: 200ms}}]\ndrain_timeout: 10ms\n");
  Peer a = connect("a");
  EXPECT_EQ(ask(a, "a"), "a");
  apply("listeners: [{name: b, bind: '127.0.0.1:0', echo: {}, timeouts: {idle: 200ms}}]\ndrain_timeout: 10ms\n");
  Peer b = connect("b");
  EXPECT_EQ(b.receive_until_end().ending, Ending::fin);  // after much longer than the drain_timeout
  EXPECT_EQ(ask(a, "a"), "a");
}

TEST_F(Reload, ARenamedUnixListenerHandsItsSocketOn) {
  TempDir dir;
  const std::string bind = "unix:" + dir.file("a.sock");
  start("listeners: [{name: a, bind: '" + bind + "', echo: {}}]\n");
  apply("listeners: [{name: b, bind: '" + bind + "', echo: {transform: upper}}]\n");
  Peer peer = connect("b");
  EXPECT_EQ(ask(peer, "x"), "X");
}

TEST_F(Reload, ABackendThatIsRemovedKeepsItsConnectionsWhateverOnDownSays) {
  FakeBackend one(greets_then_echoes("1"));
  FakeBackend two(greets_then_echoes("2"));
  start(proxy_config({one.address(), two.address()}, "", "on_down: reset"));
  Peer old = connect("front");
  const std::string which = old.receive_exactly(1);
  apply(proxy_config({which == "1" ? two.address() : one.address()}, "", "on_down: reset"));
  EXPECT_EQ(ask(old, "still here"), "still here");
}

TEST_F(Reload, WhatChangesOfAnUpstreamCountsForNewConnections) {
  TestListener backend;
  start(proxy_config({backend.address()}));
  Peer old = connect("front");
  Peer served = backend.accept();
  apply(proxy_config({backend.address()}, "", "send_proxy_protocol: v1"));
  Peer fresh = connect("front");
  Peer greeted = backend.accept();
  EXPECT_EQ(greeted.receive_exactly(6), "PROXY ");
  old.send_all("x");
  EXPECT_EQ(served.receive_exactly(1), "x");
}

TEST_F(Reload, AllWhoAskAtOnceAreAnswered) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}]\n");
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { answered += reload().status == 200 ? 1 : 0; });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(answered, 8);
}

TEST_F(Reload, ADryRunOpensNoLogAndSaysWhatCannotBeBound) {
  const TestListener taken;
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  const std::string log = daemon->dir().file("new.log");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\nlog: {file: " + log + "}\n");
  EXPECT_EQ(admin->request("POST", "/api/v1/reload?dry_run=1").status, 200);
  EXPECT_FALSE(std::filesystem::exists(log));
  write("listeners: [{name: a, bind: '" + taken.address() + "', echo: {}}]\n");
  EXPECT_EQ(admin->request("POST", "/api/v1/reload?dry_run=1").status, 409);
}

TEST_F(Reload, AnAddressCanBeTakenBackWhileItsSocketsAreStillBeingClosed) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}, {name: b, bind: '127.0.0.1:0', echo: {}}]\n");
  const Endpoint address = where("b");
  HalfOpen client(address);  // a handshake under way, for whose end they wait
  apply("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  apply("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}, {name: b, bind: '" + address.to_string() +
        "', echo: {transform: upper}}]\n");
  Peer fresh = connect("b");
  EXPECT_EQ(ask(fresh, "b"), "B");
  Peer late = client.complete();
  EXPECT_EQ(ask(late, "b"), "b") << "it is served as it began";
}

TEST_F(Reload, ThePortOfARangeSelectsTheBackendOfTheRangeThatIsConfiguredNow) {
  std::vector<TestListener> backends;
  const auto consecutive = [&] {
    for (;;) {
      backends.clear();
      backends.emplace_back();
      const std::uint16_t first = backends[0].endpoint().port();
      if (first > 65000) continue;
      try {
        for (std::uint16_t i = 1; i < 3; ++i) backends.emplace_back(loopback(static_cast<std::uint16_t>(first + i)));
        return first;
      } catch (const std::system_error&) {
        continue;  // somebody has the next port
      }
    }
  };
  const std::uint16_t first = consecutive();
  std::uint16_t port = 0;
  {
    // Three ports in a row that are free now.
    std::vector<TestListener> free;
    while (port == 0) {
      free.clear();
      free.emplace_back();
      const std::uint16_t candidate = free[0].endpoint().port();
      try {
        for (std::uint16_t i = 1; i < 3; ++i) free.emplace_back(loopback(static_cast<std::uint16_t>(candidate + i)));
        port = candidate;
      } catch (const std::system_error&) {
        continue;
      }
    }
  }
  const auto config = [&](int from) {
    const auto range = [](std::uint16_t begin, std::uint16_t end) {
      return "127.0.0.1:" + std::to_string(begin) + "-" + std::to_string(end);
    };
    return "listeners: [{name: a, bind: '" +
           range(static_cast<std::uint16_t>(port + from), static_cast<std::uint16_t>(port + 2)) +
           "', proxy: {upstream: u}}]\nupstreams: [{name: u, servers: [{address: '" +
           range(static_cast<std::uint16_t>(first + from), static_cast<std::uint16_t>(first + 2)) + "'}]}]\n";
  };
  start(config(0));
  apply(config(1));
  Peer client = Peer::connect(loopback(static_cast<std::uint16_t>(port + 1)));
  Peer served = backends[1].accept();
  client.send_all("x");
  EXPECT_EQ(served.receive_exactly(1), "x");
}

TEST_F(Reload, SighupReloadsAndSaysWhatChanged) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  write("listeners: [{name: a, bind: '127.0.0.1:0', echo: {transform: upper}}]\n");
  daemon->process().signal(SIGHUP);
  daemon->process().wait_for_error_line("reload: ~ listener a: echo.transform none -> upper");
  daemon->process().wait_for_error_line("SIGHUP: reloaded");
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "loud"), "LOUD");
  write("listeners: [\n");
  daemon->process().signal(SIGHUP);
  daemon->process().wait_for_error_line("SIGHUP: the reload was refused; what ran before goes on");
}

TEST_F(Reload, LogsAndTheAdminEndpointFollow) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  const std::string records = daemon->dir().file("other.log");
  daemon->rewrite_config("admin: {bind: 'unix:" + daemon->dir().file("admin.sock") +
                         "'}\nlisteners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\naccess_log: {file: " + records +
                         ", format: json}\n");
  EXPECT_EQ(reload().status, 200) << "the reply comes over the connection of an endpoint that goes";
  daemon->process().wait_for_error_line("admin endpoint on unix:");
  Peer peer = daemon->connect("a");
  EXPECT_EQ(ask(peer, "x"), "x");
  peer.close();
  EXPECT_TRUE(wait_until([&] {
    return std::filesystem::exists(records) && read_file(records).find("client_closed") != std::string::npos;
  }));
}

TEST_F(Reload, ManyLeaveNothingBehind) {
  FakeBackend backend(greets_then_echoes("b"));
  const auto config = [&](int i) {
    const std::string n = std::to_string(i % 3);
    return "listeners: [{name: a, bind: '127.0.0.1:0', echo: {}, timeouts: {idle: " + std::to_string(60 + i % 7) +
           "s}}, {name: front" + n + ", bind: '127.0.0.1:0', proxy: {upstream: up" + n + "}}]\nupstreams: [{name: up" +
           n + ", servers: [{address: '" + backend.address() + "'}], health: {interval: 1h}}]\n";
  };
  start(config(0));
  Peer old = connect("a");
  EXPECT_EQ(ask(old, "x"), "x");
  for (int i = 1; i <= 12; ++i) apply(config(i));
  const auto settled = [&] {
    return std::pair(count_in_proc(daemon->process().pid(), "fd"), count_in_proc(daemon->process().pid(), "task"));
  };
  EXPECT_TRUE(wait_until([&] { return listener("front1").is_null() && listener("front2").is_null(); }));
  const auto before = settled();
  for (int i = 13; i <= 60; ++i) apply(config(i));
  EXPECT_TRUE(wait_until([&] { return settled().first <= before.first && settled().second <= before.second; }))
      << settled().first << " descriptors, " << before.first << " before";
  EXPECT_EQ(ask(old, "y"), "y");
}

TEST_F(Reload, UnixSocketsKeepTheirFileAndTakeTheirMode) {
  TempDir dir;
  const std::string path = dir.file("a.sock");
  const auto config = [&](const std::string& mode) {
    return "listeners: [{name: a, bind: 'unix:" + path + "', echo: {}, unix: {mode: '" + mode + "'}}]\n";
  };
  start(config("0600"));
  struct stat before{};
  struct stat after{};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  apply(config("0666"));
  ASSERT_EQ(::stat(path.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(after.st_mode & 0777, 0666u);
  apply("listeners: [{name: b, bind: '127.0.0.1:0', echo: {}}]\n");
  EXPECT_TRUE(wait_until([&] { return ::stat(path.c_str(), &after) != 0; })) << "the file of a closed socket stays";
}

TEST_F(Reload, IsRefusedDuringADrain) {
  start("listeners: [{name: a, bind: '127.0.0.1:0', echo: {}}]\n");
  Peer peer = connect("a");
  EXPECT_EQ(ask(peer, "x"), "x");
  EXPECT_EQ(admin->request("POST", "/api/v1/drain").status, 200);
  const AdminReply refused = reload();
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("draining"));
  peer.close();
  EXPECT_EQ(daemon->process().wait_exit(), 0);
}

}  // namespace
}  // namespace weir::test
