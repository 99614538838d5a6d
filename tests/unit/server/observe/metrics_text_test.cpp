#include "server/observe/metrics_text.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/checkout.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/server/observe/full_snapshot.hpp"

namespace weir {
namespace {

using test::full_snapshot;
using test::lines_of;
using testing::Contains;
using testing::Not;

std::vector<std::string> text_of(const ServerSnapshot& snapshot) { return lines_of(render_metrics(snapshot, false)); }

/// A family as a text describes it.
struct Family {
  std::string type;
  std::set<std::string> labels;

  bool operator==(const Family&) const = default;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.type << testing::PrintToString(family.labels); }

/// The labels of a sample; `le` is a histogram's own.
std::map<std::string, std::string> labels_of(const std::string& sample) {
  static const std::regex kLabel(R"re(([a-z_]+)="((?:[^"\\]|\\.)*)")re");
  std::map<std::string, std::string> labels;
  for (std::sregex_iterator at(sample.begin(), sample.end(), kLabel), end; at != end; ++at) labels[(*at)[1]] = (*at)[2];
  return labels;
}

std::map<std::string, Family> families_of(const std::vector<std::string>& lines) {
  std::map<std::string, Family> families;
  std::string name;
  for (const std::string& line : lines) {
    std::istringstream words(line);
    std::string hash, key, type;
    if (line.starts_with("# TYPE ") && words >> hash >> key >> name >> type) families[name].type = type;
    if (line.starts_with('#')) continue;
    for (const auto& [label, value] : labels_of(line)) {
      if (label != "le") families[name].labels.insert(label);
    }
  }
  return families;
}

/// The families of the tables in docs/metrics.md: `| name | type | labels | …`, each cell but the type in backquotes.
std::map<std::string, Family> documented_families() {
  static const std::regex kRow(
      R"re(^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([^|]*)\| [^|]+ \| [^|]+ \| `.+` \|$)re");
  static const std::regex kName("`([a-z_]+)`");
  std::map<std::string, Family> families;
  for (const std::string& line : lines_of(test::read_file(test::source_folder() / "docs/metrics.md"))) {
    std::smatch row;
    if (!std::regex_match(line, row, kRow)) {
      // A row that is written otherwise must not go unseen.
      if (line.starts_with("| `weir_") || line.starts_with("| `process_")) ADD_FAILURE() << "not understood: " << line;
      continue;
    }
    Family& family = families[row[1]];
    family.type = row[2];
    const std::string labels = row[3];
    for (std::sregex_iterator at(labels.begin(), labels.end(), kName), end; at != end; ++at) {
      family.labels.insert((*at)[1]);
    }
  }
  return families;
}

TEST(MetricsText, HasWhatTheDocumentDescribesAndNothingElse) {
  EXPECT_EQ(families_of(text_of(full_snapshot())), documented_families());
}

TEST(MetricsText, ShowsAListener) {
  const std::vector<std::string> lines = text_of(full_snapshot());
  for (const char* line : {
           R"(weir_connections_total{listener="db"} 100)",
           R"(weir_connections_active{listener="db"} 3)",
           R"(weir_connections_ended_total{listener="db",end="client_closed"} 80)",
           R"(weir_bytes_total{listener="db",direction="in"} 12345678901)",
           R"(weir_bytes_total{listener="db",direction="out"} 2000)",
           R"(weir_accept_errors_total{listener="db",reason="EPERM"} 1)",
           R"(weir_connections_refused_total{listener="db",limit="rules"} 3)",
           R"(weir_listener_info{listener="db",service="proxy",upstream="postgres"} 1)",
           R"(weir_listener_accepting{listener="db"} 1)",
           R"(weir_listener_drained{listener="db"} 0)",
       }) {
    EXPECT_THAT(lines, Contains(line));
  }
}

TEST(MetricsText, ShowsABackend) {
  const std::vector<std::string> lines = text_of(full_snapshot());
  for (
      const char* line : {
          R"(weir_backend_up{upstream="postgres",backend="10.0.0.5:5432"} 1)",
          R"(weir_backend_state{upstream="postgres",backend="10.0.0.5:5432",state="up"} 1)",
          R"(weir_backend_state{upstream="postgres",backend="10.0.0.5:5432",state="ejected"} 0)",
          R"(weir_backend_state_change_timestamp_seconds{upstream="postgres",backend="10.0.0.5:5432"} 1700000002)",
          R"(weir_backend_connections_active{upstream="postgres",backend="10.0.0.5:5432"} 6)",
          R"(weir_backend_connections_limit{upstream="postgres",backend="10.0.0.5:5432"} 10)",
          R"(weir_backend_connect_failures_total{upstream="postgres",backend="10.0.0.5:5432",reason="EHOSTUNREACH"} 2)",
          R"(weir_backend_connect_seconds_count{upstream="postgres",backend="10.0.0.5:5432"} 50)",
          R"(weir_backend_connect_seconds_bucket{upstream="postgres",backend="10.0.0.5:5432",le="0.0005"} 50)",
          R"(weir_backend_checks_total{upstream="postgres",backend="10.0.0.5:5432",result="failed"} 4)",
      }) {
    EXPECT_THAT(lines, Contains(line));
  }
}

TEST(MetricsText, ShowsTls) {
  const std::vector<std::string> lines = text_of(full_snapshot());
  for (const char* line : {
           R"(weir_tls_handshakes_total{listener="db",result="done",version="TLSv1.2",resumed="false"} 10)",
           R"(weir_tls_handshakes_total{listener="db",result="done",version="TLSv1.2",resumed="true"} 2)",
           R"(weir_tls_handshakes_total{listener="db",result="done",version="TLSv1.3",resumed="true"} 8)",
           R"(weir_tls_handshakes_total{listener="db",result="not_tls"} 9)",
           R"(weir_tls_handshakes_total{listener="db",result="abandoned"} 0)",
           R"(weir_tls_handshake_seconds_bucket{listener="db",le="0.001"} 90)",
           R"(weir_tls_handshakes_in_progress{listener="db"} 4)",
           R"(weir_tls_handshakes_waiting{listener="db"} 5)",
           R"(weir_tls_key_updates_total{listener="db"} 6)",
           R"(weir_tls_truncated_total{side="client",listener="db"} 7)",
           R"(weir_tls_truncated_total{upstream="postgres",backend="10.0.0.5:5432",side="server"} 11)",
           R"(weir_backend_tls_handshakes_total{upstream="postgres",backend="10.0.0.5:5432",result="done"} 40)",
           R"(weir_backend_tls_handshakes_total{upstream="postgres",backend="10.0.0.5:5432",result="untrusted"} 1)",
           R"(weir_tls_certificate_expiry_seconds{name="db.example",file="/etc/weir/tls/tls.crt"} 1700086400)",
           R"(weir_tls_certificate_reloads_total{result="done"} 12)",
           R"(weir_tls_certificate_reloads_total{result="failed"} 13)",
           R"(weir_tls_ticket_total{result="accepted"} 14)",
           R"(weir_tls_ticket_total{result="unknown_key"} 15)",
       }) {
    EXPECT_THAT(lines, Contains(line));
  }
}

TEST(MetricsText, ShowsFaultsWhereTheConfigurationAllowsThem) {
  ServerSnapshot snapshot = full_snapshot();
  const std::vector<std::string> lines = text_of(snapshot);
  EXPECT_THAT(lines, Contains(R"(weir_faults_active{listener="db"} 2)"));
  EXPECT_THAT(lines, Contains(R"(weir_faults_applied_total{listener="db",kind="latency"} 17)"));
  EXPECT_THAT(lines, Contains(R"(weir_faults_applied_total{listener="db",kind="reset"} 0)"));
  snapshot.listeners[0].faults.reset();
  EXPECT_THAT(render_metrics(snapshot, false), Not(testing::HasSubstr("weir_faults")));
}

TEST(MetricsText, SaysNothingOfTlsWhereThereIsNone) {
  ServerSnapshot snapshot = full_snapshot();
  snapshot.listeners[0].tls.reset();
  snapshot.upstreams[0].backends[0].tls.reset();
  snapshot.tls.reset();
  for (const auto& [name, family] : families_of(text_of(snapshot))) EXPECT_THAT(name, Not(testing::HasSubstr("tls")));
}

TEST(MetricsText, ShowsACertificateThatSeveralListenersHaveOnce) {
  ServerSnapshot snapshot = full_snapshot();
  CertificateSnapshot older = snapshot.tls->certificates[0];
  older.expires -= std::chrono::seconds(10);
  snapshot.tls->certificates.push_back(older);
  const std::vector<std::string> lines = text_of(snapshot);
  EXPECT_THAT(lines, Contains(R"(weir_tls_certificate_expiry_seconds{name="db.example",file="/etc/weir/tls/tls.crt"} )"
                              "1700086390"));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size());
}

TEST(MetricsText, ShowsTheDaemon) {
  const std::vector<std::string> lines = text_of(full_snapshot());
  for (const char* line : {
           R"(weir_worker_busy_ratio{worker="0"} 0.12)",
           R"(weir_worker_busy_ratio{worker="1"} 0)",
           R"(weir_config_info{hash="8c1f0a2b9d3e4f56",file="/etc/weir/weir.yaml"} 1)",
           R"(process_start_time_seconds 1700000000)",
           R"(process_open_fds 40)",
           R"(weir_connections_limit 9981)",
           R"(weir_drain_connections_total{outcome="cut"} 2)",
           R"(weir_ready 1)",
       }) {
    EXPECT_THAT(lines, Contains(line));
  }
}

TEST(MetricsText, HasEveryEndFromTheStart) {
  ServerSnapshot snapshot;
  snapshot.listeners.emplace_back().name = "shout";
  snapshot.listeners.back().refusals = {{"source_rate", 0}};  // as the daemon says it
  const std::vector<std::string> lines = text_of(snapshot);
  for (std::size_t i = 0; i < kSessionEnds; ++i) {
    EXPECT_THAT(lines, Contains("weir_connections_ended_total{listener=\"shout\",end=\"" +
                                std::string(to_string(static_cast<SessionEnd>(i))) + "\"} 0"));
  }
  EXPECT_THAT(lines, Contains(R"(weir_connections_refused_total{listener="shout",limit="source_rate"} 0)"));
  EXPECT_THAT(lines, Contains(R"(weir_accept_errors_total{listener="shout",reason="EMFILE"} 0)"));
}

TEST(MetricsText, SaysNothingOfALimitThatIsNotThere) {
  ServerSnapshot snapshot = full_snapshot();
  snapshot.process.connection_limit = 0;
  snapshot.upstreams[0].backends[0].max_connections = 0;
  const std::string text = render_metrics(snapshot, false);
  EXPECT_THAT(text, Not(testing::HasSubstr("weir_connections_limit")));
  EXPECT_THAT(text, Not(testing::HasSubstr("weir_backend_connections_limit")));
}

TEST(MetricsText, MakesOneBackendOfThoseWithOneName) {
  ServerSnapshot snapshot = full_snapshot();
  BackendSnapshot old = snapshot.upstreams[0].backends[0];
  old.state = BackendState::left;
  snapshot.upstreams[0].backends.insert(snapshot.upstreams[0].backends.begin(), old);
  const std::vector<std::string> lines = text_of(snapshot);
  EXPECT_THAT(lines, Contains(R"(weir_backend_connects_total{upstream="postgres",backend="10.0.0.5:5432"} 100)"));
  EXPECT_THAT(lines, Contains(R"(weir_backend_up{upstream="postgres",backend="10.0.0.5:5432"} 1)"));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size());
}

TEST(MetricsText, EscapesWhatALabelMayHold) {
  ServerSnapshot snapshot;
  snapshot.process.config_file = "a\"b\\c\nd\xff.yaml";
  EXPECT_THAT(text_of(snapshot), Contains("weir_config_info{hash=\"\",file=\"a\\\"b\\\\c\\nd\uFFFD.yaml\"} 1"));
  EXPECT_THAT(lines_of(render_metrics(snapshot, true)),
              Contains("weir_config_info{hash=\"\",file=\"a\\\"b\\\\c\\nd\uFFFD.yaml\"} 1"));
}

TEST(MetricsText, SatisfiesPromtool) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "promtool is not installed";
  const test::TempDir folder;
  const std::string file = folder.write("metrics", render_metrics(full_snapshot(), false));
  const test::Finished check = test::run("/bin/sh", {"-c", "promtool check metrics <" + file});
  EXPECT_EQ(check.exit, 0);
  EXPECT_EQ(check.out + check.err, "");
}

}  // namespace
}  // namespace weir
