// weir-load judges and compares: SLOs, two reports, two targets in turns, a proxy, the capacity.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <boost/json/parse.hpp>
#include <deque>
#include <list>
#include <thread>

#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

/// Serves requests of 64 bytes one after the other, each for a fixed time, whoever they come from: so many a second and
/// no more.
class SlowServer {
 public:
  explicit SlowServer(nanoseconds each) : each_(each), thread_([this] { run(); }) {}
  ~SlowServer() {
    stopping_ = true;
    thread_.join();
  }
  std::string address() const { return listener_.address(); }

 private:
  struct Client {
    Peer peer;
    std::string unread;
  };

  void run() {
    std::list<Client> clients;
    std::deque<std::pair<Client*, std::string>> queue;
    Clock::time_point next = Clock::now();
    while (!stopping_) {
      std::vector<pollfd> waiting{{listener_.fd(), POLLIN, 0}};
      for (const Client& client : clients) waiting.push_back({client.peer.fd(), POLLIN, 0});
      const auto left = std::chrono::ceil<milliseconds>(next - Clock::now()).count();
      ::poll(waiting.data(), waiting.size(), queue.empty() ? 20 : static_cast<int>(std::clamp<long>(left, 0, 20)));
      std::size_t i = 1;
      for (auto client = clients.begin(); client != clients.end(); ++i) {
        if (waiting[i].revents == 0) {
          ++client;
          continue;
        }
        std::array<char, 65536> buffer;
        const ssize_t count = ::recv(client->peer.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) {
          client->unread.append(buffer.data(), static_cast<std::size_t>(count));
          for (; client->unread.size() >= 64; client->unread.erase(0, 64)) {
            if (queue.empty()) next = std::max(next, Clock::now());
            queue.emplace_back(&*client, client->unread.substr(0, 64));
          }
          ++client;
        } else {
          std::erase_if(queue, [&client](const auto& request) { return request.first == &*client; });
          client = clients.erase(client);
        }
      }
      // Late by less than the time of one, so that the rate is what was said.
      for (; !queue.empty() && Clock::now() >= next; next += each_) {
        ::send(queue.front().first->peer.fd(), queue.front().second.data(), 64, MSG_NOSIGNAL | MSG_DONTWAIT);
        queue.pop_front();
      }
      if (waiting[0].revents != 0) clients.push_back({listener_.accept(), {}});
    }
  }

  const nanoseconds each_;
  TestListener listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Answers a request when so much time has passed since it came.
FakeBackend::Script answers_after(milliseconds time) {
  return [time](Peer& client) {
    while (true) {
      const std::string request = client.receive_exactly(64);
      // This is the delay that is played, not a wait for something.
      std::this_thread::sleep_for(time);
      client.send_all(request);
    }
    return Leave::close;
  };
}

Finished weir_load(std::vector<std::string> arguments) { return run("weir-load", std::move(arguments)); }

class LoadCompare : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return folder_.file(name); }
  /// A report of a run of two seconds, with blocks enough for intervals.
  void report(const std::string& name, const std::string& target) {
    const Finished told = weir_load(
        {"echo", "-c", "2", "-d", "2s", "-i", "100ms", "--drain", "20s", "--quiet", "--json", file(name), target});
    ASSERT_EQ(told.exit, 0) << told.out << told.err;
  }
  boost::json::value json(const std::string& name) const { return boost::json::parse(read_file(file(name))); }

  TempDir folder_;
};

TEST_F(LoadCompare, SloDecidesTheExitStatusAndTellsEachClause) {
  FakeBackend server(answers_after(milliseconds(5)));
  const LoadRun run = run_load({"echo", "-c", "2", "-n", "100", "--slo", "p50=1us,errors=0,max=1h", server.address()});
  EXPECT_EQ(run.exit, 3) << run.err;
  EXPECT_THAT(run.err, Says("NOT MET: p50 is "));
  EXPECT_THAT(run.err, Says("met: 0 errors, within 0"));
  EXPECT_EQ(run.report.at("slo").at(0).at("met"), false);
  EXPECT_GE(run.number("/slo/0/found_ns"), 5'000'000u);
  EXPECT_EQ(run.report.at("slo").at(2).at("met"), true);
  EXPECT_EQ(run.number("/exit_status"), 3u);
  EXPECT_EQ(run_load({"echo", "-c", "2", "-n", "100", "--slo", "p50=1h", server.address()}).exit, 0);
}

TEST_F(LoadCompare, SlowerServerIsFoundAndFailsThePipeline) {
  FakeBackend quick(echoes());
  FakeBackend slow(answers_after(milliseconds(50)));
  report("a.json", quick.address());
  report("b.json", slow.address());
  const Finished told = weir_load(
      {"compare", file("a.json"), file("b.json"), "--max-regression", "p50=10%", "--anyway", "--json", file("c.json")});
  EXPECT_EQ(told.exit, 3) << told.out << told.err;
  EXPECT_THAT(told.out, Says("B is slower: p50 by "));
  EXPECT_THAT(told.out, Says("EXCEEDED, p50=10%"));
  EXPECT_EQ(json("c.json").at("regressions").at(0).at("exceeded"), true);
  // The other way round it got faster.
  EXPECT_EQ(weir_load({"compare", file("b.json"), file("a.json"), "--max-regression", "p50=10%", "--anyway"}).exit, 0);
  EXPECT_EQ(weir_load({"compare", file("a.json"), file("b.json")}).exit, 0) << "nobody asked for a limit";
}

TEST_F(LoadCompare, ManyReportsAreComparedAsRuns) {
  FakeBackend server(echoes());
  for (const char* name : {"a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"}) {
    const Finished told = weir_load({"echo", "-c", "2", "-n", "200", "-i", "10ms", "--quiet", "--json",
                                     file(std::string(name) + ".json"), server.address()});
    ASSERT_EQ(told.exit, 0) << told.err;
  }
  const Finished told =
      weir_load({"compare", "--before", file("a*.json"), "--after", file("b*.json"), "--json", file("c")});
  EXPECT_EQ(told.exit, 0) << told.out << told.err;
  EXPECT_EQ(json("c").at("method").at("resampling"), "runs");
  EXPECT_EQ(json("c").at("a").at("runs"), 4);
  EXPECT_EQ(json("c").at("b").at("latency").at("count"), 800);
}

TEST_F(LoadCompare, RunsOfAnotherShapeAreNotJudged) {
  FakeBackend server(echoes());
  report("a.json", server.address());
  ASSERT_EQ(
      weir_load({"echo", "-c", "3", "-d", "2s", "-i", "100ms", "--quiet", "--json", file("b.json"), server.address()})
          .exit,
      0);
  const Finished told = weir_load({"compare", file("a.json"), file("b.json"), "--max-regression", "p50=1%"});
  EXPECT_EQ(told.exit, 1) << told.out;
  EXPECT_THAT(told.out, Says("The load differs in connections: 2 and 3"));
}

TEST_F(LoadCompare, AFileCountsOnceHoweverOftenItIsNamedAndIsReplacedByNothing) {
  FakeBackend server(echoes());
  for (const char* name : {"a1.json", "a2.json", "b1.json"}) {
    ASSERT_EQ(weir_load({"echo", "-c", "2", "-n", "200", "--quiet", "--json", file(name), server.address()}).exit, 0);
  }
  const Finished told = weir_load(
      {"compare", "--before", file("a*.json"), file("*1.json"), "--after", file("b*.json"), "--json", file("c")});
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_THAT(told.err, Says("a1.json is named twice on one side, and counts once"));
  EXPECT_EQ(json("c").at("a").at("runs"), 3);
  EXPECT_THAT(told.out, Says("A and B have a run in common"));
  const std::string before = read_file(file("a1.json"));
  const Finished refused = weir_load({"compare", "--json", file("a1.json"), file("a1.json"), file("b1.json")});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, Says("would replace"));
  EXPECT_EQ(read_file(file("a1.json")), before);
}

TEST_F(LoadCompare, WhatIsNoReportIsNamed) {
  folder_.write("no.json", "{}");
  const Finished told = weir_load({"compare", file("no.json"), file("none.json")});
  EXPECT_EQ(told.exit, 1);
  EXPECT_THAT(told.err, HasSubstr("no.json"));
}

TEST_F(LoadCompare, TargetsInTurnsAreToldApart) {
  FakeBackend quick(echoes());
  FakeBackend slow(answers_after(milliseconds(50)));
  const Finished told =
      weir_load({"ab", "--a", quick.address(), "--b", slow.address(), "-c", "2", "-d", "2s", "--block", "200ms",
                 "--drain", "20s", "--quiet", "--json", file("ab.json"), "--max-regression", "p50=50%", "--anyway"});
  EXPECT_EQ(told.exit, 3) << told.out << told.err;
  EXPECT_THAT(told.out, Says("B is slower: p50 by "));
  const boost::json::value report = json("ab.json");
  EXPECT_EQ(report.at("question"), "ab");
  EXPECT_EQ(report.at("method").at("blocks").at(0), 5);
  EXPECT_EQ(report.at("method").at("resampling"), "paired_blocks");
  EXPECT_GE(report.at("b").at("connect").at("count").to_number<int>(), 10) << "each block opens its own connections";
}

TEST_F(LoadCompare, TargetThatIsAwayIsNamedByItsSide) {
  FakeBackend server(echoes());
  const std::string closed = FreePorts(1).endpoint(0).to_string();
  const Finished told = weir_load({"ab", "--a", server.address(), "--b", closed, "-d", "1s", "--quiet"});
  EXPECT_EQ(told.exit, 1);
  EXPECT_THAT(told.err, Says("B (" + closed + ")"));
}

TEST_F(LoadCompare, ProxyAddsWhatItAdds) {
  FakeBackend target(echoes());
  // Not a proxy, but from outside it is one that takes 50 ms. A machine that is busy makes both ways longer.
  FakeBackend proxy(answers_after(milliseconds(50)));
  const Finished told = weir_load({"echo", "--via", proxy.address(), "--direct", target.address(), "-c", "2", "-d",
                                   "4s", "--block", "400ms", "--drain", "20s", "--pid", std::to_string(::getpid()),
                                   "--quiet", "--json", file("via.json")});
  ASSERT_EQ(told.exit, 0) << told.out << told.err;
  EXPECT_THAT(told.out, Says("The way through B adds +"));
  const boost::json::value report = json("via.json");
  EXPECT_EQ(report.at("question"), "via");
  const boost::json::value& p50 = report.at("differences").at(0);
  const auto field = [&p50](const char* name) { return p50.at(name).to_number<std::int64_t>(); };
  EXPECT_GE(field("b_ns"), 49'900'000) << told.out << "known to 0.1 %";
  EXPECT_GE(field("added_ns"), 45'000'000) << told.out;
  EXPECT_EQ(field("added_ns"), field("b_ns") - field("a_ns")) << told.out;
  EXPECT_LE(field("added_low_ns"), field("added_ns")) << told.out;
  EXPECT_GE(field("added_high_ns"), field("added_ns")) << told.out;
  EXPECT_EQ(report.at("proxy").at("pid"), ::getpid());
  EXPECT_GE(report.at("proxy").at("us_per_request").to_number<double>(), 0);
}

TEST_F(LoadCompare, ProcessThatThereIsNotIsAnErrorBeforeTheLoad) {
  const Finished told = weir_load({"echo", "--via", "127.0.0.1:1", "--direct", "127.0.0.1:2", "--pid", "4194303"});
  EXPECT_EQ(told.exit, 1);
  EXPECT_THAT(told.err, Says("--pid: there is no process 4194303"));
}

TEST_F(LoadCompare, CapacityOfAServerThatServesOneAfterTheOtherIsFound) {
  const SlowServer server(milliseconds(2));  // 500 a second
  const Finished told = weir_load({"capacity", "-c", "8", "--step", "500ms", "--precision", "10%", "--slo", "p50=1s",
                                   "--quiet", "--json", file("capacity.json"), server.address()});
  EXPECT_EQ(told.exit, 0) << told.out << told.err;
  const boost::json::value report = json("capacity.json");
  EXPECT_EQ(report.at("kind"), "capacity");
  // The SLO holds far beyond, but a queue that grows does not.
  EXPECT_LE(report.at("capacity").to_number<double>(), 550) << told.out;
  EXPECT_GE(report.at("capacity").to_number<double>(), 30) << told.out << "how near depends on the machine";
  EXPECT_GT(report.at("fails_at").to_number<double>(), report.at("capacity").to_number<double>());
  EXPECT_THAT(told.out, Says("requests a second meet it"));
}

TEST_F(LoadCompare, CapacityOfNobodyIsAnError) {
  const std::string closed = FreePorts(1).endpoint(0).to_string();
  const Finished told = weir_load({"capacity", "--quiet", closed});
  EXPECT_EQ(told.exit, 1);
  EXPECT_THAT(told.err, HasSubstr(closed));
}

}  // namespace
}  // namespace weir::test
