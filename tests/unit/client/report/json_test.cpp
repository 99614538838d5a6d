#include "client/report/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <set>
#include <stdexcept>

#include "client/report/read_reports.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/client/report/example_result.hpp"

namespace weir::load {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string serialized(const LoadResult& result) { return json::serialize(json_report(result)); }

std::vector<std::string> keys_of(const json::object& object) {
  std::vector<std::string> keys;
  for (const auto& entry : object) keys.emplace_back(entry.key());
  return keys;
}

/// What reading the report complains of; empty when it is read and comes to the same text again.
std::string complaint(const json::object& report, const std::string& same) {
  try {
    return serialized(read_json_report(report)) == same ? "" : "another report";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

/// Calls `visit(parent, key, path)` for every key of an object and of those within it, also of those in arrays.
void for_each_key(json::value& value, const std::string& path,
                  const std::function<void(json::object&, const std::string&, const std::string&)>& visit) {
  if (json::array* array = value.if_array()) {
    if (!array->empty()) for_each_key(array->front(), path, visit);
  }
  json::object* object = value.if_object();
  if (object == nullptr) return;
  for (const std::string& key : keys_of(*object)) {
    const std::string own = path.empty() ? key : path + "." + key;
    visit(*object, key, own);
    for_each_key(object->at(key), own, visit);
  }
}

/// Keys that follow from others: a reader does without them.
bool is_derived(const std::string& path) {
  static const std::set<std::string> kDerived{"rate",
                                              "exit_status",
                                              "verdict",
                                              "verdict.limited_by",
                                              "verdict.reasons",
                                              "audit.remarks",
                                              "verdict.reason",
                                              "fairness.jain",
                                              "fairness.starved",
                                              "fairness.connections.counted",
                                              "errors.total",
                                              "errors.wrong_replies",
                                              "generator.share",
                                              "connections.asked",
                                              "tls.handshakes_per_s",
                                              "tls.resumed_per_s"};
  const bool of_connections = path.starts_with("fairness.connections.");
  const bool is_quantile = path.ends_with(".p10") || path.ends_with(".p50") || path.ends_with(".p90");
  return kDerived.contains(path) || path == "slo" || path.starts_with("slo.") || path.ends_with(".count") ||
         (path.ends_with(".mean_ns") && !of_connections) || (of_connections && is_quantile) ||
         path.find("percentiles_ns") != std::string::npos;
}

/// Keys that reports of earlier versions have not.
bool is_newer(const std::string& path) {
  return path == "fairness.connections" || path == "audit" || path == "command" || path == "options.slo" ||
         path == "tls" || path == "options.tls" || path == "latency.handshake" || path == "latency.resumed";
}

TEST(JsonReport, HasEveryKeyOfTheSchema) {
  const json::object report = json::parse(serialized(example())).as_object();
  EXPECT_THAT(keys_of(report), testing::UnorderedElementsAre(
                                   "schema", "program", "version", "workload", "target", "endpoint", "started", "began",
                                   "machine", "options", "generators", "threads", "ended_by", "window_s", "connections",
                                   "requests", "cycles", "rate", "bytes_each_way", "latency", "errors", "fairness",
                                   "generator", "verdict", "intervals", "exit_status", "command", "slo"));
  EXPECT_EQ(report.at("schema"), 1);
  EXPECT_EQ(report.at("connections").at("reached"), 3);
  EXPECT_EQ(report.at("errors").at("kinds").at("refused"), 1);
  EXPECT_EQ(report.at("errors").at("kinds").as_object().size(), kFailureKinds - 1);
  EXPECT_EQ(report.at("latency").as_object().size(), kTimes - 2) << "those of TLS are for runs over TLS";
  EXPECT_EQ(report.at("requests").at("completed"), 1000);
  EXPECT_EQ(report.at("intervals").at(0).at("p99_ns"), 990'000);
  EXPECT_EQ(report.at("exit_status"), 1);
  EXPECT_EQ(report.at("verdict").at("limited_by"), "server");
}

TEST(JsonReport, SaysHowToRepeatTheRun) {
  LoadResult result = example();
  result.options.message.seed = 9;
  result.options.max_errors = 5;
  result.options.message.upper = true;
  result.started = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
  const json::object report = json_report(result);
  const json::object& options = report.at("options").as_object();
  EXPECT_THAT(keys_of(options), testing::UnorderedElementsAre(
                                    "connections", "processes", "duration_s", "requests", "warmup_s", "rate",
                                    "arrivals", "interval_s", "drain_s", "timeout_s", "connect_rate", "length",
                                    "message", "expect", "seed", "source", "proxy_protocol", "proxy_sources",
                                    "max_errors", "slo", "pipeline", "think_s", "reconnect_every", "newcomers"));
  EXPECT_EQ(options.at("seed"), 9);
  EXPECT_EQ(options.at("max_errors"), 5);
  EXPECT_EQ(options.at("expect"), "upper");
  EXPECT_EQ(options.at("duration_s").to_number<double>(), 10);
  EXPECT_TRUE(options.at("requests").is_null());
  EXPECT_TRUE(options.at("rate").is_null());
  EXPECT_TRUE(options.at("message").is_null());
  EXPECT_EQ(report.at("started"), "2023-11-14T22:13:20.123Z");
  result.options.workload = Workload::connect;
  EXPECT_EQ(json_report(result).at("options").at("exchange"), true);
  EXPECT_EQ(json_report(result).at("options").at("close"), "fin");
}

TEST(JsonReport, ReadBackItIsTheSame) {
  for (const LoadResult& result : {full_result(Workload::echo), full_result(Workload::connect), example(),
                                   connect_example(), open_loop_example(), LoadResult(example())}) {
    const std::string text = serialized(result);
    boost::system::error_code error;
    const json::value parsed = json::parse(text, error);
    ASSERT_FALSE(error) << error.message();
    EXPECT_EQ(serialized(read_json_report(parsed.as_object())), text);
  }
}

TEST(JsonReport, OfAWeekUnderFullLoadIsReadBack) {
  LoadResult result = example();
  for (int i = 0; i < 8; ++i) result.fairness.add({100'000'000'000, 1'000'000'000'000'000});
  const std::string text = serialized(result);
  EXPECT_EQ(serialized(read_json_report(json::parse(text).as_object())), text);
}

TEST(JsonReport, ReadBackItHasTheVeryBytes) {
  const LoadResult result = full_result(Workload::echo);
  const LoadResult copy = read_json_report(json::parse(serialized(result)).as_object());
  EXPECT_EQ(copy.options.message.text, result.options.message.text);
  ASSERT_EQ(copy.stats.wrong.size(), 2u);
  EXPECT_EQ(copy.stats.wrong[0].expected, result.stats.wrong[0].expected);
  EXPECT_EQ(copy.stats.wrong[0].received, result.stats.wrong[0].received);
  EXPECT_EQ(copy.stats.wrong[0].kind, Failure::out_of_order);
  EXPECT_EQ(copy.stats.counts, result.stats.counts);
  EXPECT_EQ(copy.started, result.started);
  EXPECT_EQ(copy.began, result.began);
}

TEST(JsonReport, EveryKeyThatIsMissingIsNamed) {
  for (const Workload workload : {Workload::echo, Workload::connect}) {
    const json::value whole = json_report(full_result(workload));
    const std::string same = json::serialize(whole);
    json::value visited = whole;
    int keys = 0;
    for_each_key(visited, "", [&](json::object& parent, const std::string& key, const std::string& path) {
      const json::value kept = parent.at(key);
      parent.erase(key);
      const std::string said = complaint(visited.as_object(), same);
      if (is_derived(path)) {
        EXPECT_EQ(said, "") << path;
      } else if (path.starts_with("errors.kinds.tls_")) {
        EXPECT_THAT(said, HasSubstr("errors.total")) << path << " is newer, but what there was is counted";
      } else if (is_newer(path)) {
        EXPECT_EQ(said, "another report") << path;
      } else {
        EXPECT_THAT(said, HasSubstr(path)) << path;
      }
      parent[key] = kept;
      ++keys;
    });
    EXPECT_GT(keys, 150);
  }
}

TEST(JsonReport, OfAnEarlierVersionIsRead) {
  json::object report = json_report(full_result(Workload::echo));
  report["fairness"].as_object().erase("connections");
  report.erase("audit");
  const LoadResult read = read_json_report(report);
  EXPECT_EQ(read.fairness.served, 2u);
  EXPECT_FALSE(read.spread.known());
  EXPECT_FALSE(read.audit);
  EXPECT_FALSE(json_report(read).contains("audit"));
}

TEST(JsonReport, OfBeforeTlsIsRead) {
  LoadResult plain = full_result(Workload::connect);
  plain.options.tls.reset();
  plain.stats.agreed.clear();
  for (const Time time : {Time::handshake, Time::resumed}) plain.stats[time].clear();
  for (const Count count : {Count::handshakes, Count::resumed}) plain.stats[count] = 0;
  json::object report = json_report(plain);
  EXPECT_FALSE(report.contains("tls"));
  EXPECT_FALSE(report.at("options").as_object().contains("tls"));
  EXPECT_FALSE(report.at("latency").as_object().contains("handshake"));
  std::uint64_t of_tls = 0;
  json::object& kinds = report.at("errors").at("kinds").as_object();
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (!is_of_tls(failure)) continue;
    of_tls += plain.stats.failures[failure];
    kinds.erase(std::string(failure_key(failure)));
  }
  EXPECT_GT(of_tls, 0u);
  report.at("errors").as_object()["total"] = plain.stats.failures.total() - of_tls;
  const LoadResult read = read_json_report(report);
  EXPECT_FALSE(read.options.tls);
  EXPECT_EQ(read.stats.failures[Failure::tls_alert], 0u);
  EXPECT_EQ(read.stats.failures.total(), plain.stats.failures.total() - of_tls);
}

TEST(JsonReport, SaysHowTlsWasSpokenAndHowManyHandshakesWereMade) {
  LoadResult result = connect_example();
  result.options.tls = TlsOptions{"", true, "", {"h2"}, true, "", ""};
  result.stats[Count::handshakes] = 40;
  result.stats[Count::resumed] = 200;
  result.stats[Time::resumed].record(std::chrono::microseconds(300));
  result.stats.agreed = "TLSv1.3, TLS_AES_128_GCM_SHA256, ALPN h2";
  const json::object report = json_report(result);
  const json::object& options = report.at("options").at("tls").as_object();
  EXPECT_EQ(options.at("verify"), false);
  EXPECT_EQ(options.at("ca"), "");
  EXPECT_EQ(options.at("alpn").at(0), "h2");
  EXPECT_EQ(options.at("resume"), true);
  EXPECT_EQ(report.at("tls").at("agreed"), "TLSv1.3, TLS_AES_128_GCM_SHA256, ALPN h2");
  EXPECT_EQ(report.at("tls").at("handshakes"), 40);
  EXPECT_EQ(report.at("tls").at("resumed_per_s").to_number<double>(), 20);
  EXPECT_EQ(report.at("latency").at("resumed").at("count"), 1);
  EXPECT_EQ(report.at("latency").as_object().size(), kTimes);
  result.options.workload = Workload::echo;
  EXPECT_TRUE(json_report(result).at("tls").at("handshakes_per_s").is_null()) << "its connections stay";
}

TEST(JsonReport, HasTheReasonsOfTheVerdictAndWhatElseWasNoticed) {
  LoadResult result = example();
  result.cpu_seconds = 20;
  result.machine_busy = 1;
  result.audit.emplace().network[NetworkCounter::pruned] = 3;
  const json::object report = json_report(result);
  const json::object& verdict = report.at("verdict").as_object();
  EXPECT_THAT(keys_of(verdict), testing::UnorderedElementsAre("limited_by", "reason", "reasons"));
  ASSERT_EQ(verdict.at("reasons").as_array().size(), 2u);
  EXPECT_EQ(verdict.at("reasons").at(0), verdict.at("reason"));
  const json::object& audit = report.at("audit").as_object();
  EXPECT_THAT(keys_of(audit),
              testing::UnorderedElementsAre("remarks", "target_here", "voluntary_switches", "involuntary_switches",
                                            "stolen", "pressure", "throttling", "network", "network_before"));
  EXPECT_EQ(audit.at("remarks").as_array().size(), 1u);
  EXPECT_TRUE(audit.at("pressure").is_null());
  EXPECT_EQ(audit.at("network").at("PruneCalled"), 3);
  EXPECT_EQ(audit.at("network").as_object().size(), kNetworkCounters);
}

TEST(JsonReport, SpreadOverTheConnectionsIsThere) {
  const json::object report = json_report(example());
  const json::value& spread = report.at("fairness").at("connections");
  EXPECT_EQ(spread.at("counted"), 2);
  EXPECT_EQ(spread.at("every"), 1);
  EXPECT_EQ(spread.at("replies").at("min"), 0);
  EXPECT_EQ(spread.at("replies").at("max"), 500);
  EXPECT_EQ(spread.at("mean_ns").at("min"), 1'000);
  EXPECT_EQ(spread.at("mean_ns").at("max"), 2'000);
  EXPECT_EQ(spread.at("p99_ns").at("p10"), 896);
  EXPECT_EQ(spread.at("p99_ns").at("p90"), 1'920);
  EXPECT_FALSE(json_report(connect_example()).at("fairness").as_object().contains("connections"));
}

TEST(JsonReport, EveryValueOfAnotherTypeIsNamed) {
  const json::value whole = json_report(full_result(Workload::echo));
  const std::string same = json::serialize(whole);
  for (const json::value& other : {json::value(json::object{{"no", 1}}), json::value(true), json::value("text")}) {
    json::value visited = whole;
    for_each_key(visited, "", [&](json::object& parent, const std::string& key, const std::string& path) {
      // Any text will do for some of them.
      const bool is_text = path.find("options.message") == 0 || path == "version" || path == "endpoint" ||
                           path.find("machine.") == 0 || path.ends_with(".text") || path.ends_with("expected") ||
                           path.ends_with("received") || path == "tls.agreed" || path == "options.tls.ca" ||
                           path == "options.tls.name" || path == "options.tls.certificate";
      const bool is_flag = path == "audit.target_here" || path == "options.tls.verify" || path == "options.tls.resume";
      if (is_derived(path) || (other.is_string() && is_text) || (other.is_bool() && is_flag)) return;
      const json::value kept = parent.at(key);
      parent[key] = other;
      EXPECT_THAT(complaint(visited.as_object(), same), HasSubstr(path)) << json::serialize(other);
      parent[key] = kept;
    });
  }
}

TEST(JsonReport, ItemsOfAnotherTypeAreNamed) {
  const json::value whole = json_report(full_result(Workload::echo));
  const auto complaint_of = [&whole](const std::function<void(json::object&)>& change) {
    json::object report = whole.as_object();
    change(report);
    return complaint(report, json::serialize(whole));
  };
  EXPECT_THAT(complaint_of([](json::object& report) { report["errors"].as_object()["examples"] = json::array{1}; }),
              HasSubstr("errors.examples"));
  EXPECT_THAT(complaint_of([](json::object& report) { report["errors"].as_object()["wrong"] = json::array{1}; }),
              HasSubstr("errors.wrong"));
  EXPECT_THAT(complaint_of([](json::object& report) { report["intervals"] = json::array{1}; }), HasSubstr("intervals"));
  EXPECT_THAT(complaint_of([](json::object& report) {
                report["intervals"].as_array()[0].as_object()["buckets"] = json::array{json::array{-1, 1}};
              }),
              HasSubstr("intervals.buckets"));
}

TEST(JsonReport, FiguresThatCannotBeAreNamed) {
  const json::value whole = json_report(full_result(Workload::echo));
  const auto complaint_of = [&whole](const char* pointer, const json::value& value) {
    json::value report = whole;
    report.at_pointer(pointer) = value;
    return complaint(report.as_object(), json::serialize(whole));
  };
  EXPECT_THAT(complaint_of("/requests/completed", -1), HasSubstr("requests.completed is not the number"));
  EXPECT_THAT(complaint_of("/requests/completed", std::uint64_t{1} << 60),
              HasSubstr("requests.completed is out of range"));
  EXPECT_THAT(complaint_of("/fairness/fastest_mean_ns", -5), HasSubstr("fairness.fastest_mean_ns is out of range"));
  EXPECT_THAT(complaint_of("/window_s", -1.5), HasSubstr("window_s is out of range"));
  EXPECT_THAT(complaint_of("/intervals/0/p50_ns", -1), HasSubstr("intervals.p50_ns is out of range"));
  EXPECT_THAT(complaint_of("/intervals/0/p50_ns", 1000), HasSubstr("intervals.p99_ns is less than p50_ns"));
  EXPECT_THAT(complaint_of("/intervals/0/at_s", 1e6), HasSubstr("intervals.at_s goes back"));
  EXPECT_THAT(complaint_of("/intervals/0/done", 1000),
              HasSubstr("intervals do not add up: they have more replies than the whole run"));
  EXPECT_THAT(complaint_of("/intervals/0/errors", 1'000'000), HasSubstr("more errors than the whole run"));
  EXPECT_THAT(complaint_of("/intervals/0/buckets/0/1", 10'000), HasSubstr("more times than the whole run"));
  EXPECT_THAT(complaint_of("/intervals/0/buckets/0/0", 4096), HasSubstr("stands in no order"));
  EXPECT_THAT(complaint_of("/errors/total", 3), HasSubstr("errors.total is not what"));
  EXPECT_THAT(complaint_of("/errors/wrong_replies", 3), HasSubstr("errors.wrong_replies is not what"));
  EXPECT_THAT(complaint_of("/latency/response/count", 3), HasSubstr("latency.response is no histogram: its count"));
  EXPECT_THAT(complaint_of("/latency/response/min_ns", 1'000'000'000'000),
              HasSubstr("latency.response is no histogram: its figures"));
  EXPECT_THAT(complaint_of("/latency/response/sum_ns", std::int64_t{1} << 62),
              HasSubstr("latency.response.sum_ns is out of range"));
  EXPECT_THAT(complaint_of("/latency/response/buckets/0/1", std::uint64_t{1} << 54),
              HasSubstr("latency.response.buckets are no buckets of a histogram: its counts are too large"));
}

TEST(JsonReport, AsATextItIsTheSame) {
  LoadResult result = full_result(Workload::echo);
  result.options.command.emplace_back("\"intervals\":null");
  EXPECT_EQ(json_text(result), serialized(result));
  result.intervals.clear();
  EXPECT_EQ(json_text(result), serialized(result));
}

TEST(JsonReport, OfAnotherSchemaOrProgramIsRefused) {
  json::object report = json_report(example());
  report["schema"] = 2;
  EXPECT_EQ(complaint(report, ""), "schema is 2, and this program knows 1");
  report["schema"] = 1;
  report["program"] = "wrk";
  EXPECT_EQ(complaint(report, ""), "program is not weir-load");
}

std::string error_of_file(const std::string& file) {
  try {
    read_json_file(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

TEST(JsonFile, IsReadBack) {
  const test::TempDir folder;
  const std::string text = serialized(full_result(Workload::echo));
  EXPECT_EQ(serialized(read_json_file(folder.write("a.json", text))), text);
  EXPECT_EQ(serialized(read_json_file(folder.write("b.json", text + "\n"))), text);
}

TEST(JsonFile, ThatCannotBeReadIsNamed) {
  const test::TempDir folder;
  const std::string none = folder.file("none.json");
  EXPECT_EQ(error_of_file(none), none + ": No such file or directory");
  const std::string itself = folder.path().string();
  EXPECT_EQ(error_of_file(itself), itself + ": Is a directory");
  for (const char* text : {"", "{", "[]", "12", "{\"a\":1}{", "\xff"}) {
    const std::string file = folder.write("bad.json", text);
    EXPECT_EQ(error_of_file(file), file + ": is no JSON report of weir-load") << text;
  }
  const std::string other = folder.write("other.json", "{\"program\":\"weir-load\"}");
  EXPECT_EQ(error_of_file(other), other + ": is not a readable report: schema is missing");
}

}  // namespace
}  // namespace weir::load
