#include "server/admin/status_text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tests/support/process.hpp"
#include "tests/unit/server/admin/documented_answers.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

StatusAnswers documented() {
  return {test::documented_answer("Status"), test::documented_answer("History"), test::documented_sources(), nullptr};
}

json::array& backends_of(StatusAnswers& answers) {
  return answers.status.at("upstreams").at(0).at("backends").as_array();
}

/// Adds a backend to the documented one.
json::object& add_backend(StatusAnswers& answers, const std::string& name) {
  json::array& backends = backends_of(answers);
  backends.push_back(backends.front());
  json::object& added = backends.back().as_object();
  added["name"] = name;
  return added;
}

void set_p99(json::object& backend, json::value seconds) { backend["connect"].as_object()["p99_seconds"] = seconds; }

/// The place of the first line that holds both.
std::size_t line_with(const std::string& text, const std::string& first, const std::string& second = "") {
  const std::vector<std::string> lines = test::lines_of(text);
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(first) != std::string::npos && line.find(second) != std::string::npos;
  });
  EXPECT_NE(found, lines.end()) << first << " and " << second << " in no line of\n" << text;
  return static_cast<std::size_t>(found - lines.begin());
}

TEST(StatusText, SaysWhereFaultsAreOn) {
  StatusAnswers answers = documented();
  EXPECT_THAT(status_text(answers, {}), Not(HasSubstr("faults are on")));
  answers.status.at("listeners").at(0).at("faults").as_object()["active"] = 2;
  EXPECT_THAT(status_text(answers, {}),
              HasSubstr("\nfaults are on, so connections are harmed on purpose, at db (2); "));
  answers.status.at("listeners").at(0).as_object()["faults"] = nullptr;
  EXPECT_THAT(status_text(answers, {}), Not(HasSubstr("faults are on")));
}

TEST(StatusText, EndsOfFaultsAreNoFailures) {
  StatusAnswers answers = documented();
  answers.history.at("steps").at(0).at("listeners").at("db").at("ended").as_object()["fault_reset"] = 3;
  const std::string text = status_text(answers, {});
  EXPECT_THAT(text, HasSubstr(", 0 failed and 0 were refused.\nFaults that were set on purpose ended 3.\n"));
  line_with(text, "fault_reset", "on purpose");
}

TEST(StatusText, ShowsTheDocumentedAnswer) {
  EXPECT_EQ(status_text(documented(), {}),
            "weir 0.1.0, up 1h, ready\n"
            "12 connections of 9981; 1 worker, the busiest at 12% of a CPU; 12MB of memory\n"
            "\n"
            "LISTENER  SERVES             ACTIVE  NEW/s  IN/s  OUT/s  FAILED 5s  REFUSED 5s\n"
            "db        proxy to postgres      12     10   200    400          0           0\n"
            "\n"
            "UPSTREAM  BACKEND        STATE  ACTIVE  CONNECT p99  CONNECTS FAILED\n"
            "postgres  10.0.0.5:5432  up          6       2.5 ms  2 ECONNREFUSED\n"
            "\n"
            "Of 48 connections that ended in the last 5s, 0 failed and 0 were refused.\n"
            "\n"
            "TOP SOURCES  CONNECTIONS  IN  OUT\n"
            "192.0.2.1              6   1    2\n");
}

TEST(StatusText, MarksTheSlowBackendAndShowsItFirst) {
  StatusAnswers answers = documented();
  set_p99(add_backend(answers, "10.0.0.6:5432"), 0.05);
  const std::string text = status_text(answers, {});
  EXPECT_LT(line_with(text, "10.0.0.6:5432", "50 ms  slow"), line_with(text, "10.0.0.5:5432", "2.5 ms"));
  EXPECT_THAT(test::lines_of(text)[line_with(text, "10.0.0.5:5432")], Not(HasSubstr("slow")));
}

TEST(StatusText, BeyondTheLastBoundIsTheSlowest) {
  StatusAnswers answers = documented();
  set_p99(add_backend(answers, "10.0.0.6:5432"), 10);
  set_p99(add_backend(answers, "10.0.0.7:5432"), nullptr);
  const std::string text = status_text(answers, {});
  EXPECT_LT(line_with(text, "10.0.0.7:5432", "> 10 s  slow"), line_with(text, "10.0.0.6:5432", "10 s  slow"));
}

TEST(StatusText, QuickBackendsAreNotSlowWhateverTheOthersDo) {
  StatusAnswers answers = documented();
  set_p99(backends_of(answers)[0].as_object(), 0.0001);
  set_p99(add_backend(answers, "10.0.0.6:5432"), 0.001);
  json::object& idle = add_backend(answers, "10.0.0.7:5432");
  idle["connect"] = {{"count", 0}, {"p99_seconds", nullptr}};
  EXPECT_THAT(status_text(answers, {}), Not(HasSubstr("slow")));
}

TEST(StatusText, SaysWhyABackendGetsNoConnections) {
  StatusAnswers answers = documented();
  json::object& down = add_backend(answers, "10.0.0.6:5432");
  down["state"] = "down";
  down["why"] = "3 checks failed";
  down["since"] = "2026-01-31T11:55:00.000Z";
  json::object& ejected = add_backend(answers, "10.0.0.7:5432");
  ejected["state"] = "ejected";
  ejected["why"] = "";
  json::object& checking = add_backend(answers, "10.0.0.8:5432");
  checking["state"] = "checking";
  checking["since"] = nullptr;
  const std::string text = status_text(answers, {});
  EXPECT_THAT(text, HasSubstr("10.0.0.6:5432 of postgres has been down for 5m: 3 checks failed\n"));
  EXPECT_THAT(text, HasSubstr("10.0.0.7:5432 of postgres has been left out for 1h\n"));
  EXPECT_THAT(text, HasSubstr("10.0.0.8:5432 of postgres is still to be checked: it accepts connections\n"));
  EXPECT_LT(line_with(text, "10.0.0.6:5432", "down"), line_with(text, "10.0.0.5:5432", "up"));
}

TEST(StatusText, ListsManyBackendsInPart) {
  StatusAnswers answers = documented();
  for (int i = 0; i < 30; ++i) add_backend(answers, "10.0.1." + std::to_string(i) + ":5432");
  EXPECT_THAT(status_text(answers, {}), HasSubstr("postgres has 11 more backends; --json shows all\n"));
}

TEST(StatusText, SaysWhyConnectionsFailedFailuresFirst) {
  StatusAnswers answers = documented();
  json::object& step = answers.history.at("steps").at(0).as_object();
  step["listeners"].at("db").at("ended") = {
      {"client_closed", 48}, {"denied", 30}, {"connect_failed", 12}, {"server_reset", 2}, {"new_end", 1}};
  step["upstreams"].at("postgres").as_object()["connect_failures"] = 31;
  const std::string text = status_text(answers, {});
  EXPECT_THAT(text, HasSubstr("Of 93 connections that ended in the last 5s, 15 failed and 30 were refused.\n"));
  const std::size_t failed =
      line_with(text, "   12  db        connect_failed  failed   no backend took the connection");
  EXPECT_LT(failed, line_with(text, "server_reset", "failed"));
  EXPECT_LT(line_with(text, "new_end", "failed"), line_with(text, "denied", "refused"));
  EXPECT_THAT(text, HasSubstr("31 of 81 connects to the backends of postgres failed\n"));
  EXPECT_THAT(test::lines_of(text), Contains(MatchesRegex("db .* 400 +15 +30")));
}

TEST(StatusText, SaysWhoDoesNotRead) {
  StatusAnswers answers = documented();
  answers.slow = json::parse(R"({"matched": 3, "connections": [{"slow_side": "client"}, {"slow_side": "client"},
                                                                {"slow_side": "backend"}]})");
  const std::string text = status_text(answers, {.width = 120});
  EXPECT_THAT(text, HasSubstr("2 connections are held up by clients that do not read;"));
  EXPECT_THAT(text, HasSubstr("1 connection is held up by backends that do not read;"));
  answers.slow.as_object()["matched"] = 5000;
  EXPECT_THAT(status_text(answers, {}), HasSubstr("at least 2 connections are held up"));
  answers.slow = json::parse(R"({"matched": 0, "connections": []})");
  EXPECT_THAT(status_text(answers, {}), Not(HasSubstr("held up")));
}

TEST(StatusText, SaysWhatElseNeedsSomebody) {
  StatusAnswers answers = documented();
  answers.status.as_object()["draining"] = true;
  answers.status.at("process").as_object()["lost"] = {{"log_lines", 1}, {"records", 90}};
  answers.status.at("upstreams").at(0).as_object()["waiting"] = 7;
  answers.status.at("connections").as_object()["limit"] = nullptr;
  const std::string text = status_text(answers, {});
  EXPECT_THAT(text, StartsWith("weir 0.1.0, up 1h, draining\n12 connections; "));
  EXPECT_THAT(text, HasSubstr("1 log line and 90 records were lost because the log could not take them\n"));
  EXPECT_THAT(text, HasSubstr("7 connections wait for a backend of postgres; at most 1024 may\n"));
}

TEST(StatusText, NamesReachNoTerminalRaw) {
  StatusAnswers answers = documented();
  answers.status.at("listeners").at(0).as_object()["name"] = "db\033[2J";
  backends_of(answers)[0].as_object()["state"] = "down";
  backends_of(answers)[0].as_object()["why"] = "\033]0;x\007";
  answers.history = json::parse(R"({"step_seconds": 5, "steps": [{"listeners":
      {"\u001b[1m": {"ended": {"\u001b[31m": 1}}}, "upstreams": {"\u009b2J": {"connect_failures": 1}}}]})");
  answers.sources = json::parse(R"({"sources": [{"source": "\u001b[5m", "connections": 1}]})");
  const std::string text = status_text(answers, {});
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text, Not(HasSubstr("\007")));
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  EXPECT_THAT(text, HasSubstr("db\\x1b[2J"));
}

TEST(StatusText, TablesFitTheTerminal) {
  StatusAnswers answers = documented();
  answers.status.at("listeners").at(0).as_object()["name"] = std::string(70, 'l');
  answers.status.at("listeners").at(0).as_object()["upstream"] = std::string(70, 'u');
  add_backend(answers, "unix:/" + std::string(100, 'b'));
  for (const std::string& line : test::lines_of(status_text(answers, {}))) {
    EXPECT_LE(columns_of(line), 80u) << line;
  }
  EXPECT_THAT(status_text(answers, {.width = 300}), HasSubstr(std::string(100, 'b')));
}

TEST(StatusText, ColoursOnlyWhereTheyAreAskedFor) {
  EXPECT_THAT(status_text(documented(), {}), Not(HasSubstr("\033")));
  EXPECT_THAT(status_text(documented(), {.width = 80, .colours = true}), HasSubstr("\033[32mready\033[0m"));
}

TEST(StatusText, MissesNothingThatAnotherVersionLeavesOut) {
  EXPECT_THAT(status_text({json::object{}, nullptr, nullptr, nullptr}, {}), StartsWith("weir , up 0ms, not ready\n"));
}

}  // namespace
}  // namespace weir::admin
