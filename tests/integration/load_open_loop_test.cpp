// The plan of an open loop: what is sent when, whatever the server does, and what its times say.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <mutex>
#include <thread>

#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// An echo of one thread that answers nobody for 200 ms once a second.
class StallingEcho {
 public:
  static constexpr milliseconds kPeriod{1000};
  static constexpr milliseconds kStall{200};

  StallingEcho() : thread_([this] { run(); }) {}
  ~StallingEcho() {
    stopping_ = true;
    thread_.join();
  }

  std::string address() const { return listener_.address(); }

 private:
  void run() {
    std::vector<Peer> clients;
    auto next_stall = std::chrono::steady_clock::now() + kPeriod / 2;
    while (!stopping_) {
      std::vector<pollfd> waiting{{listener_.fd(), POLLIN, 0}};
      for (const Peer& client : clients) waiting.push_back({client.fd(), POLLIN, 0});
      ::poll(waiting.data(), waiting.size(), 5);
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (waiting[i + 1].revents == 0) continue;
        std::array<char, 65536> buffer;
        const ssize_t count = ::recv(clients[i].fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) clients[i].send_all(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
        if (count == 0) clients[i].close();
      }
      std::erase_if(clients, [](const Peer& client) { return !client.open(); });
      if (waiting[0].revents != 0) clients.push_back(listener_.accept());
      if (std::chrono::steady_clock::now() < next_stall) continue;
      // This is the fault that is played, not a wait for something.
      std::this_thread::sleep_until(next_stall + kStall);
      next_stall += kPeriod;
    }
  }

  TestListener listener_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Of a plan of `rate` a second for as many seconds as there are stalls, so many are due in a stall's first
/// (200 ms - `bound`) and so wait for `bound` at least.
double waiting_at_least(milliseconds bound, double rate, int stalls) {
  return rate * std::chrono::duration<double>(StallingEcho::kStall - bound).count() * stalls;
}

TEST(LoadOpenLoop, ResponseShowsAStallAsTheArithmeticSays) {
  const StallingEcho server;
  const LoadRun run = run_load({"echo", "-c", "8", "-R", "500", "-d", "3s", server.address()});
  ASSERT_EQ(run.exit, 0) << run.err;
  // A fifth of all requests waits, the first of them 200 ms, evenly down to nothing: the 99th percentile of all is the
  // 95th of those, 190 ms. A machine that is busy makes it longer, never shorter.
  EXPECT_GE(run.number("/latency/response/percentiles_ns/99"), 185'000'000u) << run.err;
  EXPECT_GE(static_cast<double>(run.at_least("response", milliseconds(100))),
            0.95 * waiting_at_least(milliseconds(100), 500, 3));
  EXPECT_GE(static_cast<double>(run.at_least("response", milliseconds(150))),
            0.95 * waiting_at_least(milliseconds(150), 500, 3));
}

TEST(LoadOpenLoop, ServiceShowsAStallOnlyForThoseThatItHit) {
  const StallingEcho server;
  const LoadRun run = run_load({"echo", "-c", "8", "-R", "500", "--pipeline", "1", "-d", "3s", server.address()});
  ASSERT_EQ(run.exit, 0) << run.err;
  // With one request in flight a connection has one that the stall hits; those behind it are sent afterwards.
  EXPECT_GE(run.number("/latency/response/percentiles_ns/99"), 185'000'000u) << run.err;
  EXPECT_GE(static_cast<double>(run.at_least("response", milliseconds(100))),
            0.95 * waiting_at_least(milliseconds(100), 500, 3));
  EXPECT_GE(run.at_least("service", milliseconds(100)), 3u);
  EXPECT_LE(run.at_least("service", milliseconds(100)), 4u * 8u) << run.err;
  EXPECT_GT(run.number("/requests/held"), 100u) << "sent late because the connection was busy";
  EXPECT_LT(run.at_least("lag", milliseconds(100)), 60u) << "the generator is not to blame for that";
}

TEST(LoadOpenLoop, RequestsOfAnIdleConnectionAreNotHeldBack) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "4", "-R", "100", "--pipeline", "1", "-d", "2s", server.address()});
  EXPECT_EQ(run.number("/requests/sent"), 200u) << run.err;
  // Each connection has 40 ms for each request. What is late is our own lag, but for a machine that stands still.
  EXPECT_LE(run.number("/requests/held"), 100u) << run.err;
  EXPECT_GE(run.number("/latency/lag/max_ns"), 1'000u) << "no timer wakes so exactly";
}

TEST(LoadOpenLoop, ServerThatIsAwayCostsNoRequestOfThePlan) {
  std::atomic<int> connections{0};
  // The first connections are reset after a while, and those that follow them at once for a while.
  FakeBackend server([&connections](Peer& client) {
    if (++connections > 2 && connections < 8) return Leave::reset;
    for (int i = 0; connections > 2 || i < 10; ++i) client.send_all(client.receive_exactly(64));
    return Leave::reset;
  });
  const LoadRun run = run_load({"echo", "-c", "2", "-R", "200", "-n", "200", server.address()});
  EXPECT_EQ(run.number("/requests/sent") + run.number("/requests/unsent"), 200u) << run.err;
}

TEST(LoadOpenLoop, MeasuredTimeIsWhatWasAskedForHoweverFewAreDue) {
  FakeBackend server(echoes());
  for (const char* verb : {"echo", "connect"}) {
    const LoadRun run = run_load({verb, "-c", "4", "-R", "2", "-d", "1s", server.address()});
    EXPECT_GE(run.report.at("window_s").to_number<double>(), 0.999) << run.err;
    EXPECT_EQ(run.number("/requests/sent"), 2u) << run.err;
  }
}

TEST(LoadOpenLoop, CyclesWhoseTimeWasUpAreInTheLatencies) {
  FakeBackend server(never_answers());
  const LoadRun run = run_load(
      {"connect", "-c", "50", "-R", "20", "-d", "500ms", "--timeout", "200ms", "--drain", "3s", server.address()});
  EXPECT_EQ(run.failures("reply_timeout"), 10u) << run.err;
  EXPECT_EQ(run.number("/latency/cycle/count"), 10u) << "no stall is left out";
  EXPECT_GE(run.number("/latency/cycle/min_ns"), 200'000'000u);
}

TEST(LoadOpenLoop, IntervalsHoldEverythingThatWasDone) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "2", "-R", "200", "-d", "700ms", "-i", "300ms", server.address()});
  std::uint64_t done = 0;
  for (const boost::json::value& interval : run.report.at("intervals").as_array()) {
    done += interval.at("done").to_number<std::uint64_t>();
  }
  // What comes after the end of the last one is in the total alone.
  EXPECT_GE(done + 2, run.number("/requests/completed")) << run.err;
}

TEST(LoadOpenLoop, ClosedLoopSaysWhatItHides) {
  const StallingEcho server;
  const LoadRun run = run_load({"echo", "-c", "8", "--think", "2ms", "-d", "3s", server.address()});
  ASSERT_EQ(run.exit, 0) << run.err;
  EXPECT_LE(run.at_least("response", milliseconds(100)), 4u * 8u) << "one for each connection and stall";
  EXPECT_GE(run.number("/latency/response/max_ns"), 150'000'000u);
  EXPECT_THAT(run.err, testing::ContainsRegex("Hidden +a closed loop sends nothing while it waits"));
  EXPECT_THAT(run.err, Says("--rate "));
}

TEST(LoadOpenLoop, PlanIsSentWholeWhateverTheServerDoes) {
  const auto silent = FakeBackend(never_answers());
  const auto dead_soon = FakeBackend(resets_after(64 * 10));
  const auto fine = FakeBackend(echoes());
  for (const FakeBackend* server : {&fine, &silent, &dead_soon}) {
    const LoadRun run = run_load({"echo", "-c", "7", "-R", "500", "-d", "2s", "--timeout", "20s", "--drain", "100ms",
                                  "--max-errors", "10k", server->address()});
    const std::uint64_t planned = run.number("/requests/sent") + run.number("/requests/unsent");
    EXPECT_GE(planned, 999u) << run.err;
    EXPECT_LE(planned, 1001u) << run.err;
    if (server != &dead_soon) {
      EXPECT_EQ(run.number("/requests/unsent"), 0u) << run.err;
    }
    if (server == &fine) {
      EXPECT_EQ(run.number("/latency/response/count"), planned);
    }
    if (server == &silent) {
      EXPECT_EQ(run.number("/requests/unfinished"), planned) << run.err;
      EXPECT_EQ(run.number("/latency/response/count"), planned) << "none is left out";
      EXPECT_GE(run.number("/latency/response/percentiles_ns/50"), 1'000'000'000u);
    }
  }
}

TEST(LoadOpenLoop, RateIsSharedOverThreadsWithoutRounding) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "5", "-t", "3", "-R", "300", "-d", "1s", server.address()});
  EXPECT_EQ(run.number("/requests/sent"), 300u) << run.err;
  // The last one is due just before the end, and its reply may come after that.
  EXPECT_EQ(run.number("/latency/response/count"), 300u) << run.err;
}

TEST(LoadOpenLoop, PoissonArrivalsMakeAboutTheirRate) {
  FakeBackend server(echoes());
  const LoadRun run =
      run_load({"echo", "-c", "4", "-R", "1000", "--arrivals", "poisson", "-d", "2s", "--seed", "7", server.address()});
  const std::uint64_t planned = run.number("/requests/sent") + run.number("/requests/unsent");
  EXPECT_NEAR(static_cast<double>(planned), 2000, 5 * 45) << "five standard deviations";
  EXPECT_EQ(run.report.at("options").at("arrivals").as_string(), "poisson");
}

TEST(LoadOpenLoop, RequestsEndItAsWell) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "3", "-R", "2k", "-n", "500", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/sent"), 500u);
  EXPECT_EQ(run.report.at("ended_by").as_string(), "requests");
}

TEST(LoadOpenLoop, ConnectBeginsConnectionsWhenTheyAreDue) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"connect", "-c", "8", "-R", "200", "-d", "1s", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/sent"), 200u) << run.err;
  EXPECT_EQ(run.number("/latency/cycle/count"), 200u);
  for (const char* time : {"connect", "first_byte", "response", "close", "lag"}) {
    EXPECT_EQ(run.number(std::string("/latency/") + time + "/count"), 200u) << time;
  }
}

TEST(LoadOpenLoop, ConnectionsOfABusyServerAreHeldAndNotLost) {
  // Each connection takes 50 ms: 2 at a time are 40 a second, and 100 a second are due.
  FakeBackend server([](Peer& client) {
    const std::string message = client.receive_exactly(64);
    std::this_thread::sleep_for(milliseconds(50));
    client.send_all(message);
    client.receive_until_end();
    return Leave::close;
  });
  const LoadRun run = run_load({"connect", "-c", "2", "-R", "100", "-d", "1s", "--drain", "200ms", server.address()});
  const std::uint64_t planned = run.number("/requests/sent") + run.number("/requests/unsent");
  EXPECT_EQ(planned, 100u) << run.err;
  EXPECT_GT(run.number("/requests/unsent"), 20u) << run.err;
  EXPECT_GT(run.number("/requests/held"), 5u) << run.err;
  EXPECT_EQ(run.number("/latency/cycle/count"), 100u) << "those never begun are as slow as they are old";
}

TEST(LoadOpenLoop, NewcomersAreTimedWhileOthersWork) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "4", "-n", "4000", "-R", "2000", "--newcomers", "50", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  const std::uint64_t newcomers = run.number("/connections/newcomers");
  EXPECT_GE(newcomers, 90u) << run.err;
  EXPECT_EQ(run.number("/latency/newcomer/count"), newcomers);
  EXPECT_EQ(run.number("/requests/completed"), 4000u) << "they are none of the requests";
}

}  // namespace
}  // namespace weir::test
