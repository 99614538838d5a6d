// How the load can be shaped, and how it is shared out over processes and generators.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/json/parse.hpp>
#include <mutex>
#include <set>

#include "common/proxy_protocol.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLength = 64;

TEST(LoadShapes, PipelineKeepsSoManyInFlight) {
  // Answers only once eight requests are there: with fewer in flight, nothing would ever come back.
  FakeBackend server([](Peer& client) {
    for (;;) client.send_all(client.receive_exactly(8 * kLength));
    return Leave::close;
  });
  const LoadRun run = run_load({"echo", "-c", "2", "-n", "160", "--pipeline", "8", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 160u);
}

TEST(LoadShapes, NoMoreThanThePipelineAreInFlight) {
  FakeBackend server([](Peer& client) {
    for (;;) {
      const std::string messages = client.receive_exactly(4 * kLength);
      if (client.readable(std::chrono::milliseconds(20))) return Leave::reset;
      client.send_all(messages);
    }
  });
  const LoadRun run = run_load({"echo", "-c", "1", "-n", "40", "--pipeline", "4", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  const LoadRun open = run_load({"echo", "-c", "1", "-n", "40", "-R", "10k", "--pipeline", "4", server.address()});
  EXPECT_EQ(open.exit, 0) << open.err;
}

TEST(LoadShapes, PipelinedMessagesOfAllLengthsComeBackRight) {
  FakeBackend server(echoes());
  const LoadRun run =
      run_load({"echo", "-c", "3", "-n", "900", "--pipeline", "16", "-l", "1:50,2-100:30,100k:20", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
}

TEST(LoadShapes, ConnectionIsRenewedAfterSoManyRequests) {
  std::mutex mutex;
  std::vector<std::size_t> received;
  FakeBackend server([&](Peer& client) {
    std::size_t messages = 0;
    try {
      for (;; ++messages) client.send_all(client.receive_exactly(kLength));
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex);
      received.push_back(messages);
    }
    return Leave::close;
  });
  for (const char* pipeline : {"1", "4"}) {
    const LoadRun run =
        run_load({"echo", "-c", "2", "-n", "100", "--reconnect-every", "10", "--pipeline", pipeline, server.address()});
    EXPECT_EQ(run.exit, 0) << run.err;
    EXPECT_EQ(run.number("/requests/completed"), 100u);
    EXPECT_EQ(run.number("/connections/reopened"), 0u) << "nothing failed";
    EXPECT_GE(run.number("/connections/renewed"), 8u);
  }
  const std::lock_guard lock(mutex);
  for (const std::size_t messages : received) EXPECT_LE(messages, 10u);
}

TEST(LoadShapes, ThinkingTakesItsTime) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "-c", "2", "-n", "20", "--think", "20ms", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  // Ten requests of each connection with nine pauses at least between them.
  EXPECT_GE(run.report.at("window_s").to_number<double>(), 0.18) << run.err;
}

TEST(LoadShapes, TutorialsTestOfFiveHundredThreads) {
  std::mutex mutex;
  std::set<std::string> greetings;
  FakeBackend server([&](Peer& client) {
    const std::string message = client.receive_exactly(20);
    {
      const std::lock_guard lock(mutex);
      greetings.insert(message.substr(0, message.find(" hello")));
    }
    client.send_all(message);
    return echoes()(client);
  });
  const LoadRun run = run_load(
      {"echo", "-t", "50", "-c", "50", "-n", "500", "--message", "Thread-{thread} say hello {n}", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 500u);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(greetings.size(), 50u) << "each thread greets by its own number";
}

TEST(LoadShapes, ProxyHeadersSayInventedSources) {
  std::mutex mutex;
  std::set<std::string> sources;
  FakeBackend server([&](Peer& client) {
    std::string bytes;
    ProxyHeaderParse header;
    while (header.status == ProxyHeaderParse::Status::incomplete) {
      bytes += client.receive_exactly(1);
      header = parse_proxy_header(std::as_bytes(std::span(bytes)));
    }
    const std::string from = header.header.source.to_string();
    {
      const std::lock_guard lock(mutex);
      sources.insert(from.substr(0, from.rfind(':')));
    }
    return echoes()(client);
  });
  for (const char* version : {"v1", "v2"}) {
    const LoadRun run = run_load({"echo", "-c", "6", "-n", "60", "--proxy-protocol", version, "--proxy-sources",
                                  "10.1.2.0/29", server.address()});
    EXPECT_EQ(run.exit, 0) << run.err;
    const std::lock_guard lock(mutex);
    EXPECT_EQ(sources, (std::set<std::string>{"10.1.2.1", "10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"}));
    sources.clear();
  }
}

TEST(LoadShapes, ProcessesShareTheConnectionsAndTheRequests) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "--processes", "4", "-c", "10", "-n", "1000", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(server.accepted(), 10u);
  EXPECT_EQ(run.number("/connections/reached"), 10u);
  EXPECT_EQ(run.number("/requests/completed"), 1000u);
  EXPECT_EQ(run.number("/latency/response/count"), 1000u);
  EXPECT_EQ(run.number("/options/processes"), 4u);
}

TEST(LoadShapes, ProcessesShareTheRate) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "--processes", "3", "-c", "7", "-R", "600", "-d", "1s", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/sent"), 600u) << run.err;
}

TEST(LoadShapes, HundredProcessesDoTheTutorialsTest) {
  FakeBackend server(echoes());
  const LoadRun run = run_load({"echo", "--processes", "100", "-c", "100", "-n", "1000", "--timeout", "30s",
                                "--message", "Process-{thread} say hello {n}", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 1000u);
}

TEST(LoadShapes, InterruptReachesAllProcessesAndTheyReport) {
  FakeBackend server(echoes());
  Process process("weir-load", {"echo", "--processes", "3", "-c", "6", "-d", "1h", "-i", "50ms", server.address()});
  process.wait_for_error_line("running");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait_exit(), 0);
  EXPECT_THAT(process.out(), HasSubstr("Verdict      interrupted"));
  EXPECT_THAT(process.out(), Says("6 of 6 reached"));
}

TEST(LoadShapes, ProcessesThatReachNobodySaySo) {
  RefusedPort nobody;
  const LoadRun run = run_load({"echo", "--processes", "2", "-c", "4", "-d", "10s", nobody.address()});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.failures("refused"), 4u);
  EXPECT_EQ(run.report.at("ended_by").as_string(), "no_connection");
}

TEST(LoadShapes, ReportsOfSeveralGeneratorsAddUp) {
  FakeBackend server(echoes());
  TempDir dir;
  for (const char* name : {"a.json", "b.json"}) {
    const Finished finished = run("weir-load", {"echo", "--quiet", "-c", "2", "-n", name[0] == 'a' ? "100" : "50",
                                                "--json", dir.file(name), server.address()});
    ASSERT_EQ(finished.exit, 0) << finished.err;
  }
  const Finished merged = run("weir-load", {"merge", "--json", "-", dir.file("a.json"), dir.file("b.json")});
  ASSERT_EQ(merged.exit, 0) << merged.err;
  const boost::json::value report = boost::json::parse(merged.out);
  EXPECT_EQ(report.at("requests").at("completed"), 150);
  EXPECT_EQ(report.at("latency").at("response").at("count"), 150);
  EXPECT_EQ(report.at("connections").at("reached"), 4);
  EXPECT_EQ(report.at("generators"), 2);
  EXPECT_THAT(merged.err, Says("merged from 2 generators"));

  // What was merged can be merged again.
  dir.write("m.json", merged.out);
  const Finished again = run("weir-load", {"merge", "--json", "-", dir.file("m.json"), dir.file("b.json")});
  ASSERT_EQ(again.exit, 0) << again.err;
  EXPECT_EQ(boost::json::parse(again.out).at("requests").at("completed"), 200);
}

TEST(LoadShapes, MergeNamesTheFileThatIsNoReport) {
  TempDir dir;
  dir.write("bad.json", R"({"program": "weir-load", "schema": 1})");
  for (const auto& [file, problem] : {std::pair{dir.file("bad.json"), "missing"}, {dir.file("gone"), "No such file"}}) {
    const Finished finished = run("weir-load", {"merge", file});
    EXPECT_EQ(finished.exit, 1);
    EXPECT_THAT(finished.err, HasSubstr(file));
    EXPECT_THAT(finished.err, HasSubstr(problem));
  }
}

TEST(LoadShapes, FileThatCannotBeWrittenIsKnownBeforeTheRun) {
  FakeBackend server(echoes());
  const Finished finished = run("weir-load", {"echo", "--json", "/nowhere/run.json", "-d", "1h", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("/nowhere/run.json: No such file or directory"));
  EXPECT_EQ(server.accepted(), 0u);
}

TEST(LoadShapes, FullDiskLosesTheFileAndNotTheReport) {
  FakeBackend server(echoes());
  const Finished finished =
      run("weir-load", {"echo", "--quiet", "-c", "1", "-n", "10", "--json", "/dev/full", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, testing::ContainsRegex("requests +10 "));
  EXPECT_THAT(finished.err, Says("cannot write /dev/full: No space left on device"));
}

TEST(LoadShapes, ForeignSourceAddressIsRefusedByName) {
  FakeBackend server(echoes());
  const Finished finished = run("weir-load", {"echo", "--source", "192.0.2.77", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("192.0.2.77 is not an address of this machine"));
}

TEST(LoadShapes, StartWaitsForItsTime) {
  FakeBackend server(echoes());
  const auto soon = std::chrono::system_clock::now() + std::chrono::seconds(2);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(soon);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  const LoadRun run = run_load({"echo", "-c", "2", "-n", "20", "-R", "1000", "--start-at", text, server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  // The wall clock may be set while it waits, so that only this much can be promised.
  const std::string began(run.report.at("began").as_string());
  EXPECT_EQ(began.substr(0, 19), std::string(text).substr(0, 19)) << run.err;
}

TEST(LoadShapes, PipelineEndsWithItsLastReply) {
  FakeBackend server(echoes());
  // One that waited for its timeout would hang the test.
  const LoadRun run = run_load({"echo", "-c", "2", "-n", "50", "--pipeline", "2", "--timeout", "1h", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 50u);
}

}  // namespace
}  // namespace weir::test
