#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <csignal>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/support/admin_client.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

namespace json = boost::json;

Finished load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, "--quiet");
  return run("weir-load", std::move(arguments));
}

/// The fields of a file of comma-separated values, a line each.
std::vector<std::vector<std::string>> fields_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines_of(csv)) {
    EXPECT_TRUE(line.ends_with('\r')) << line;
    std::vector<std::string>& row = rows.emplace_back();
    std::istringstream stream(line.substr(0, line.size() - 1) + ",");
    for (std::string field; std::getline(stream, field, ',');) row.push_back(field);
  }
  return rows;
}

/// The number of times that a distribution has in all, by its last line.
std::uint64_t count_of(const std::string& hgrm) {
  std::smatch match;
  if (!std::regex_search(hgrm, match, std::regex("1\\.000000000000 +(\\d+) +inf\n"))) return 0;
  return std::stoull(match[1]);
}

TEST(LoadExports, TimeSeriesOfARunHasTheFiguresOfItsReport) {
  FakeBackend server(echoes());
  const TempDir dir;
  const Finished finished = load({"echo", "-c", "2", "-d", "300ms", "-W", "100ms", "-i", "50ms", "--csv",
                                  dir.file("a.csv"), "--json", dir.file("a.json"), server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const json::value report = json::parse(read_file(dir.file("a.json")));
  const auto rows = fields_of(read_file(dir.file("a.csv")));
  const json::array& intervals = report.at("intervals").as_array();
  ASSERT_EQ(rows.size(), intervals.size() + 1);
  EXPECT_THAT(rows, testing::Each(SizeIs(11)));
  EXPECT_EQ(rows[0][0], "at_s");
  EXPECT_EQ(rows[1][2], "warmup");
  EXPECT_EQ(rows.back()[2], "measured");
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    EXPECT_EQ(std::stoull(rows[i + 1][3]), intervals[i].at("done").to_number<std::uint64_t>());
    EXPECT_EQ(std::stoull(rows[i + 1][5]), intervals[i].at("errors").to_number<std::uint64_t>());
    if (rows[i + 1][2] == "warmup" || rows[i + 1][6].empty()) continue;
    EXPECT_EQ(std::stoll(rows[i + 1][6]), intervals[i].at("p50_ns").to_number<std::int64_t>());
    EXPECT_EQ(std::stoll(rows[i + 1][8]), intervals[i].at("p99_ns").to_number<std::int64_t>());
    EXPECT_GE(std::stoll(rows[i + 1][10]), std::stoll(rows[i + 1][9]));
  }
}

TEST(LoadExports, OneOnStdoutMovesTheTextToStderr) {
  FakeBackend server(echoes());
  const Finished csv = load({"echo", "-c", "1", "-n", "10", "--csv", "-", server.address()});
  EXPECT_EQ(csv.exit, 0);
  EXPECT_THAT(csv.out, testing::StartsWith("at_s,length_s,phase,done,rate,errors,"));
  EXPECT_THAT(csv.out, testing::Not(HasSubstr("Verdict")));
  EXPECT_THAT(csv.err, HasSubstr("Errors       none"));
  const Finished hgrm = load({"connect", "-c", "1", "-n", "10", "--hgrm", "-", server.address()});
  EXPECT_EQ(hgrm.exit, 0);
  EXPECT_THAT(hgrm.out, testing::StartsWith("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
  EXPECT_EQ(count_of(hgrm.out), 10U);
  EXPECT_THAT(hgrm.err, HasSubstr("Errors       none"));
}

TEST(LoadExports, MergedReportsAreExportedAsRunsAre) {
  FakeBackend server(echoes());
  const TempDir dir;
  for (const char* file : {"a.json", "b.json"}) {
    ASSERT_EQ(load({"echo", "-c", "1", "-n", "20", "--json", dir.file(file), server.address()}).exit, 0);
  }
  const Finished merged = run("weir-load", {"merge", dir.file("a.json"), dir.file("b.json"), "--csv",
                                            dir.file("all.csv"), "--hgrm", dir.file("all.hgrm")});
  EXPECT_EQ(merged.exit, 0) << merged.err;
  EXPECT_EQ(count_of(read_file(dir.file("all.hgrm"))), 40U);
  std::uint64_t done = 0;
  const auto rows = fields_of(read_file(dir.file("all.csv")));
  for (std::size_t i = 1; i < rows.size(); ++i) done += std::stoull(rows[i][3]);
  EXPECT_EQ(done, 40U);
}

TEST(LoadExports, AFileThatCannotBeWrittenIsKnownBeforeTheLoad) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-n", "10", "--csv", "/proc/none/a.csv", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("cannot write /proc/none/a.csv: "));
  EXPECT_EQ(server.accepted(), 0U);
}

TEST(LoadExports, AFullDiskFailsTheRunThatIsReportedNevertheless) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-c", "1", "-n", "10", "--hgrm", "/dev/full", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("Errors       none"));
  EXPECT_THAT(finished.err, Says("cannot write /dev/full: No space left on device"));
}

/// The client of the metrics of a run.
AdminClient metrics_of(Process& load) {
  const std::string line = load.wait_for_error_line("metrics on \\S+,");
  std::smatch match;
  if (!std::regex_search(line, match, std::regex("metrics on (\\S+),"))) throw std::runtime_error(line);
  return AdminClient(endpoint_of(match[1]));
}

/// Waits until a series has at least this value.
void wait_for_metric(const AdminClient& client, const std::string& series, double least) {
  EXPECT_TRUE(wait_until([&] { return client.metric(series) >= least; })) << series;
}

/// Of one process, and of several.
class LoadMetrics : public testing::TestWithParam<std::string> {};

TEST_P(LoadMetrics, AreReadWhileTheRunGoesOn) {
  FakeBackend server(echoes());
  Process load("weir-load", {"echo", "-c", "4", "-t", "1", "--processes", GetParam(), "-d", "100s", "-i", "20ms",
                             "--quiet", "--prometheus", "127.0.0.1:0", server.address()});
  const AdminClient client = metrics_of(load);
  wait_for_metric(client, "weir_load_requests_total", 1);
  EXPECT_EQ(client.metric("weir_load_connections_open"), 4);
  EXPECT_EQ(client.metric("weir_load_connections_reached"), 4);
  EXPECT_EQ(client.metric("weir_load_phase{phase=\"connecting\"}"), 0);
  wait_for_metric(client, "weir_load_requests_total", client.metric("weir_load_requests_total") + 1);
  wait_for_metric(client, "weir_load_phase{phase=\"measuring\"}", 1);
  const auto metrics = client.metrics();
  EXPECT_EQ(metrics.at("weir_load_response_seconds_count"), metrics.at("weir_load_requests_total"));
  EXPECT_EQ(metrics.at("weir_load_response_seconds_bucket{le=\"+Inf\"}"),
            metrics.at("weir_load_response_seconds_count"));
  EXPECT_EQ(metrics.at("weir_load_errors_total{kind=\"reset\"}"), 0);
  load.signal(SIGINT);
  EXPECT_EQ(load.wait_exit(), 0) << load.err();
}

/// The last metrics of a run, asked for while it cannot get rid of its report, and that report.
struct LastMetrics {
  std::map<std::string, double> metrics;
  json::value report;
};

LastMetrics last_metrics_of(std::vector<std::string> arguments) {
  const TempDir dir;
  const std::string fifo = dir.file("report");
  if (::mkfifo(fifo.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  const io::Descriptor reader(::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  // Full before the report comes; blanks are no part of JSON.
  const std::string blanks(static_cast<std::size_t>(::fcntl(reader.get(), F_SETPIPE_SZ, 4096)), ' ');
  EXPECT_EQ(::write(reader.get(), blanks.data(), blanks.size()), static_cast<ssize_t>(blanks.size()));
  arguments.insert(arguments.begin() + 1, {"--quiet", "-t", "1", "--json", fifo, "--prometheus", "127.0.0.1:0"});
  Process load("weir-load", std::move(arguments));
  const AdminClient client = metrics_of(load);
  wait_for_metric(client, "weir_load_phase{phase=\"ended\"}", 1);
  LastMetrics last{client.metrics(), {}};
  std::string report;
  while (load.running()) {
    pollfd waiting{reader.get(), POLLIN, 0};
    ::poll(&waiting, 1, 10);
    std::array<char, 4096> piece;
    for (ssize_t got = 0; (got = ::read(reader.get(), piece.data(), piece.size())) > 0;) {
      report.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  std::array<char, 4096> rest;
  const ssize_t got = ::read(reader.get(), rest.data(), rest.size());
  if (got > 0) report.append(rest.data(), static_cast<std::size_t>(got));
  last.report = json::parse(report);
  return last;
}

TEST_P(LoadMetrics, HaveAllThatTheReportHasUntilItIsWritten) {
  FakeBackend server([](Peer& client) {
    for (int i = 0; i < 10; ++i) client.send_all(client.receive_exactly(64));
    client.receive_exactly(64);
    return Leave::reset;
  });
  const auto [metrics, report] =
      last_metrics_of({"echo", "-c", "2", "--processes", GetParam(), "-n", "100", server.address()});
  EXPECT_EQ(metrics.at("weir_load_requests_total"), report.at_pointer("/requests/done").to_number<double>());
  EXPECT_EQ(metrics.at("weir_load_errors_total{kind=\"reset\"}"),
            report.at_pointer("/errors/kinds/reset").to_number<double>());
  EXPECT_EQ(metrics.at("weir_load_connections_reopened_total"),
            report.at_pointer("/connections/reopened").to_number<double>());
  EXPECT_EQ(metrics.at("weir_load_response_seconds_count"),
            report.at_pointer("/latency/response/count").to_number<double>());
  EXPECT_GT(metrics.at("weir_load_errors_total{kind=\"reset\"}"), 0);
  EXPECT_EQ(metrics.at("weir_load_connections_open"), 0);
}

TEST_P(LoadMetrics, HaveWhatTheDrainBrings) {
  FakeBackend server(never_answers());
  const auto [metrics, report] = last_metrics_of(
      {"echo", "-c", "2", "--processes", GetParam(), "-d", "500ms", "--drain", "10ms", server.address()});
  EXPECT_GT(report.at_pointer("/requests/unfinished").to_number<int>(), 0);
  EXPECT_EQ(metrics.at("weir_load_response_seconds_count"),
            report.at_pointer("/latency/response/count").to_number<double>());
}

INSTANTIATE_TEST_SUITE_P(Processes, LoadMetrics, testing::Values("1", "2"));

TEST(LoadMetricsServer, HostileClientsDoNotDisturbTheRun) {
  FakeBackend server(echoes());
  Process load("weir-load", {"echo", "-c", "2", "-d", "100s", "-i", "20ms", "--quiet", "--prometheus", "127.0.0.1:0",
                             server.address()});
  const AdminClient client = metrics_of(load);
  std::vector<Peer> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(client.connect());
    if (i % 2 == 0) crowd.back().send_all("\x16\x03\x01 nothing that is HTTP");
  }
  wait_for_metric(client, "weir_load_requests_total", client.metric("weir_load_requests_total") + 1);
  EXPECT_EQ(client.metric("weir_load_connections_open"), 2);
  load.signal(SIGINT);
  EXPECT_EQ(load.wait_exit(), 0) << load.err();
}

TEST(LoadMetricsServer, AnAddressThatIsTakenIsKnownBeforeTheLoad) {
  FakeBackend server(echoes());
  const TestListener taken;
  for (const char* processes : {"1", "2"}) {
    const Finished finished =
        load({"echo", "--processes", processes, "--prometheus", taken.address(), server.address()});
    EXPECT_EQ(finished.exit, 1);
    EXPECT_THAT(finished.err, Says("--prometheus: cannot listen on " + taken.address() + ": Address already in use"));
  }
  EXPECT_EQ(server.accepted(), 0U);
}

/// What `kubectl logs` gives of several generators: stdout and stderr of each, one after the other.
std::string logs_of(int generators, const std::string& target) {
  std::string log;
  for (int i = 0; i < generators; ++i) {
    const Finished finished =
        run("weir-load", {"echo", "-c", "1", "-n", "20", "--seed", std::to_string(i), "--json=-", target});
    EXPECT_EQ(finished.exit, 0) << finished.err;
    log += finished.err + finished.out;
  }
  return log;
}

Finished merge_stdin(const TempDir& dir, const std::string& log) {
  const std::string file = dir.write("log", log);
  return run("/bin/sh", {"-c", "exec '" + built_program("weir-load") + "' merge --json - - <'" + file + "'"});
}

TEST(LoadMerge, LogsOfSeveralGeneratorsBecomeOneReport) {
  FakeBackend server(echoes());
  const TempDir dir;
  const Finished merged = merge_stdin(dir, logs_of(3, server.address()));
  EXPECT_EQ(merged.exit, 0) << merged.err;
  const json::value report = json::parse(merged.out);
  EXPECT_EQ(report.at("generators").to_number<int>(), 3);
  EXPECT_EQ(report.at_pointer("/requests/done").to_number<int>(), 60);
  EXPECT_THAT(merged.err, Says("merged from 3 generators"));
}

TEST(LoadMerge, ALogThatIsCutOffIsNoReportOfLess) {
  FakeBackend server(echoes());
  const TempDir dir;
  const std::string log = logs_of(2, server.address());
  const Finished merged = merge_stdin(dir, log.substr(0, log.size() - 20));
  EXPECT_EQ(merged.exit, 1);
  EXPECT_EQ(merged.out, "");
  EXPECT_THAT(merged.err, Says("the report that begins there is cut off or damaged"));
}

}  // namespace
}  // namespace weir::test
