// Faults as operators see and set them: the admin endpoint and `weir faults` of a running daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kAdmin = "admin: {bind: '127.0.0.1:0'}\n";
constexpr const char* kPath = "/api/v1/listeners/echo/faults";

/// The names of the faults that are on at the first listener.
std::vector<std::string> names_of(const json::value& faults) {
  std::vector<std::string> names;
  const json::array& list = faults.at("listeners").at(0).at("faults").as_array();
  for (const json::value& fault : list) names.emplace_back(fault.at("name").as_string());
  return names;
}

std::string error_of(const AdminReply& reply) { return std::string(reply.json().at("error").as_string()); }

TEST(FaultsAdmin, AreSetShownReplacedAndCleared) {
  Daemon daemon = Daemon::with_config(echo_config("faults: [{name: cut, percent: 0, reset: {after_bytes: 64KiB}}]") +
                                      kAdmin + "faults: {seed: 42}\n");
  const AdminClient admin(daemon);
  EXPECT_THAT(names_of(admin.get("/api/v1/faults").json()), ElementsAre("cut"));

  const std::string slow = R"({"name": "slow", "percent": 0, "for": "10m", "latency": {"delay": "50ms"}})";
  const AdminReply set = admin.request("POST", kPath, slow);
  EXPECT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(set.json().at("fault").at("definition").at("latency").at("delay"), "50ms");
  EXPECT_LE(set.json().at("fault").at("left_seconds").to_number<double>(), 600);
  EXPECT_EQ(admin.request("POST", kPath, R"({"name": "slow", "percent": 0, "refuse": {}})").status, 200);

  const json::value on = admin.get("/api/v1/faults").json();
  EXPECT_EQ(on.at("seed"), 42);
  EXPECT_EQ(on.at("active"), 2);
  EXPECT_THAT(names_of(on), ElementsAre("cut", "slow"));
  const json::array& faults = on.at("listeners").at(0).at("faults").as_array();
  EXPECT_EQ(faults[0].at("from_file"), true);
  EXPECT_TRUE(faults[0].at("left_seconds").is_null());
  EXPECT_EQ(faults[1].at("kind"), "refuse") << "the one before was replaced";
  EXPECT_EQ(faults[1].at("from_file"), false);
  EXPECT_FALSE(faults[1].at("left_seconds").is_null()) << "it has faults.max_for";
  EXPECT_EQ(admin.status().at("listeners").at(0).at("faults").at("active"), 2);
  EXPECT_EQ(admin.metric(R"(weir_faults_active{listener="echo"})"), 2);

  EXPECT_EQ(admin.request("DELETE", std::string(kPath) + "/slow").json().at("result"), "done");
  EXPECT_EQ(admin.request("DELETE", std::string(kPath) + "/slow").status, 404);
  EXPECT_EQ(admin.request("DELETE", kPath).json().at("result"), "done");
  EXPECT_EQ(admin.request("DELETE", "/api/v1/faults").json().at("result"), "already");
  EXPECT_THAT(names_of(admin.get("/api/v1/faults").json()), ElementsAre());
}

TEST(FaultsAdmin, ConnectionsThatMetThemAreCountedAndSayItInTheirRecords) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin + "faults: {}\n");
  const AdminClient admin(daemon);
  daemon.connect().exchange("before");
  EXPECT_TRUE(daemon.wait_for_record().is_null("faults"));
  EXPECT_EQ(admin.request("POST", kPath, R"({"name": "slow", "latency": {"delay": "1ms"}})").status, 200);
  EXPECT_EQ(admin.request("POST", kPath, R"({"name": "never", "percent": 0, "refuse": {}})").status, 200);
  daemon.connect().exchange("met");
  const json::value met = daemon.wait_for_records(2)[1].json().at("faults");
  EXPECT_EQ(met.at("number"), 2);
  EXPECT_EQ(met.at("names"), json::array{"slow"});
  EXPECT_EQ(admin.metric(R"(weir_faults_applied_total{listener="echo",kind="latency"})"), 1);
  EXPECT_EQ(admin.metric(R"(weir_faults_applied_total{listener="echo",kind="refuse"})"), 0);
  EXPECT_EQ(admin.get("/api/v1/faults").json().at("listeners").at(0).at("met").at("latency"), 1);
  EXPECT_EQ(admin.get("/api/v1/records?limit=1").json().at("records").at(0).at("faults"), met);
}

TEST(FaultsAdmin, AConnectionThatLivesSaysWhichItHasMet) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin + "faults: {}\n");
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("hello");
  EXPECT_EQ(client.receive_exactly(5), "hello");
  const auto faults = [&] { return admin.get("/api/v1/connections").json().at("connections").at(0).at("faults"); };
  EXPECT_TRUE(faults().is_null());
  EXPECT_EQ(admin.request("POST", kPath, R"({"name": "slow", "latency": {"delay": "1ms"}})").status, 200);
  EXPECT_TRUE(wait_until([&] { return faults() == json::value{{"number", 1}, {"names", json::array{"slow"}}}; }));
}

TEST(FaultsAdmin, WhatIsNotAllowedIsRefused) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin + "faults: {max_percent: 5, max_for: 1m}\n");
  const AdminClient admin(daemon);
  const AdminReply often = admin.request("POST", kPath, R"({"name": "x", "percent": 6, "refuse": {}})");
  EXPECT_EQ(often.status, 409);
  EXPECT_THAT(error_of(often), HasSubstr("faults.max_percent"));
  const AdminReply longer = admin.request("POST", kPath, R"({"name": "x", "percent": 5, "for": "2m", "refuse": {}})");
  EXPECT_EQ(longer.status, 409);
  EXPECT_THAT(error_of(longer), HasSubstr("faults.max_for"));
  EXPECT_EQ(admin.request("POST", kPath, R"({"name": "x", "percent": 5})").status, 400);
  const AdminReply nowhere =
      admin.request("POST", "/api/v1/listeners/nowhere/faults", R"({"name": "x", "percent": 5, "refuse": {}})");
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_THAT(error_of(nowhere), HasSubstr("there is no listener \"nowhere\""));
  EXPECT_EQ(admin.get("/api/v1/faults").json().at("active"), 0);
}

TEST(FaultsAdmin, WithoutTheirSectionThereAreNone) {
  Daemon daemon = Daemon::with_config(echo_config() + kAdmin);
  const AdminClient admin(daemon);
  const AdminReply reply = admin.request("POST", kPath, R"({"name": "x", "refuse": {}})");
  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(error_of(reply), HasSubstr("write faults: {} into it and reload"));
  EXPECT_EQ(admin.get("/api/v1/faults").status, 404);
  EXPECT_TRUE(admin.status().at("listeners").at(0).at("faults").is_null());
  for (const auto& [series, value] : admin.metrics()) EXPECT_THAT(series, testing::Not(StartsWith("weir_faults")));
}

class FaultsCommand : public testing::Test {
 protected:
  std::string run(std::vector<std::string> arguments, int exit = 0) {
    arguments.insert(arguments.begin(), "faults");
    arguments.insert(arguments.end(), {"--admin", address_});
    Process weir("weir", arguments);
    EXPECT_EQ(weir.wait_exit(), exit) << weir.err();
    return exit == 0 ? weir.out() : weir.err();
  }
  Daemon start(const std::string& section) {
    return Daemon::with_config(echo_config() + "admin: {bind: '" + address_ + "'}\n" + section);
  }

  const TempDir dir_;
  const std::string address_ = "unix:" + dir_.file("admin");
};

TEST_F(FaultsCommand, ListsSetsAndClears) {
  Daemon daemon = start("faults: {seed: 42}\n");
  EXPECT_THAT(run({}), StartsWith("no faults are set\n"));
  EXPECT_EQ(run({"set", "echo", "slow", "latency", "delay=50ms", "--percent", "0", "--for", "10m"}),
            "listener echo: slow is on for 10m: latency delay=50ms, downstream, 0% of connections\n");
  EXPECT_THAT(run({}), HasSubstr("echo      slow   latency delay=50ms  down"));
  EXPECT_THAT(run({"--json"}), HasSubstr(R"("seed":42)"));
  Process status("weir", {"status", address_});
  EXPECT_EQ(status.wait_exit(), 0);
  EXPECT_THAT(status.out(), HasSubstr("faults are on, so connections are harmed on purpose, at echo (1)"));
  EXPECT_EQ(run({"clear", "echo", "slow"}), "listener echo: slow is off\n");
  EXPECT_EQ(run({"clear", "echo"}), "listener echo: no faults were set\n");
  run({"set", "echo", "x", "refuse", "--percent=0"});
  EXPECT_EQ(run({"clear"}), "all faults are off\n");
  EXPECT_THAT(run({}), StartsWith("no faults are set\n"));
}

TEST_F(FaultsCommand, SaysWhyItIsRefused) {
  Daemon daemon = start("faults: {max_percent: 5}\n");
  EXPECT_THAT(run({"set", "echo", "x", "refuse", "--percent", "6"}, 1), HasSubstr("faults.max_percent"));
  EXPECT_THAT(run({"set", "nowhere", "x", "refuse", "--percent", "5"}, 1), HasSubstr("there is no listener"));
  EXPECT_THAT(run({"clear", "echo", "x"}, 1), HasSubstr("has no fault"));
  EXPECT_THAT(run({"set", "echo", "x", "latncy"}, 2), HasSubstr("did you mean \"latency\"?"));
}

TEST_F(FaultsCommand, SaysThatTheConfigurationHasNoSuchSection) {
  Daemon daemon = start("");
  EXPECT_THAT(run({}, 1), StartsWith("weir faults: the configuration has no section \"faults\""));
  EXPECT_THAT(run({"set", "echo", "x", "refuse"}, 1), HasSubstr("write faults: {} into it"));
}

}  // namespace
}  // namespace weir::test
