#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>

#include "common/faults/fault_set.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/faults.hpp"

/// Who meets which fault: drawn once, and drawn alike wherever and whenever the same is asked.
namespace weir::test {
namespace {

constexpr std::size_t kConnections = 300;

/// Harmless ones, so that all connections end alike.
const std::string kFaults =
    "faults: [{name: seldom, percent: 5, slow_close: 0s}, {name: often, percent: 70, slow_close: 0s}, "
    "{name: never, percent: 0, slow_close: 0s}, {name: always, percent: 100, slow_close: 0s}, "
    "{name: half, percent: 50, direction: upstream, slow_close: 0s}]";

/// What each connection met, by its number.
std::vector<MetFaults> sorted_faults(const std::vector<Record>& records) {
  std::vector<MetFaults> met;
  for (const Record& record : records) met.push_back(faults_of(record));
  std::sort(met.begin(), met.end());
  return met;
}

void visit(const Daemon& daemon, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) daemon.connect().exchange("x");
}

std::vector<MetFaults> run_of(int workers, std::uint64_t seed, bool crowded = false) {
  Daemon daemon =
      Daemon::with_config(echo_config(kFaults) + faults_allowed(seed) + "workers: " + std::to_string(workers) + "\n");
  if (crowded) {
    std::vector<std::future<void>> visitors;
    for (int i = 0; i < 10; ++i) {
      visitors.push_back(std::async(std::launch::async, [&] { visit(daemon, kConnections / 10); }));
    }
    for (std::future<void>& visitor : visitors) visitor.get();
  } else {
    visit(daemon, kConnections);
  }
  return sorted_faults(daemon.wait_for_records(kConnections));
}

std::vector<MetFaults> wanted(std::uint64_t seed) {
  std::vector<std::shared_ptr<const faults::Fault>> all;
  for (const auto& [name, percent] :
       {std::pair{"seldom", 5}, {"often", 70}, {"never", 0}, {"always", 100}, {"half", 50}}) {
    faults::Fault fault;
    fault.name = name;
    fault.percent = percent;
    fault.kind = faults::SlowClose{};
    all.push_back(std::make_shared<const faults::Fault>(fault));
  }
  const faults::FaultSet set(seed, "echo", all);
  std::vector<MetFaults> met;
  for (std::uint64_t number = 1; number <= kConnections; ++number) {
    MetFaults& one = met.emplace_back(MetFaults{number, {}});
    for (const faults::Met& fault : set.met_by({.number = number, .address = {}, .source_hash = 0})) {
      one.names.push_back(fault.fault->name);
    }
  }
  return met;
}

std::size_t count(const std::vector<MetFaults>& met, const std::string& name) {
  return static_cast<std::size_t>(std::count_if(met.begin(), met.end(), [&](const MetFaults& one) {
    return std::find(one.names.begin(), one.names.end(), name) != one.names.end();
  }));
}

TEST(FaultsDraw, EqualSeedsGiveTheComputedListWithAnyNumberOfWorkers) {
  for (const int workers : {1, 2, 4}) EXPECT_EQ(run_of(workers, 7), wanted(7)) << workers;
  EXPECT_EQ(run_of(4, 7, true), wanted(7)) << "all at once";
  EXPECT_EQ(run_of(2, 99), wanted(99));
  EXPECT_NE(wanted(7), wanted(99));
}

TEST(FaultsDraw, NoPercentMeetsNobodyAndAHundredEverybody) {
  const std::vector<MetFaults> met = run_of(2, 3);
  EXPECT_EQ(count(met, "never"), 0u);
  EXPECT_EQ(count(met, "always"), kConnections);
  EXPECT_GT(count(met, "seldom"), 0u);
  EXPECT_LT(count(met, "seldom"), count(met, "half"));
  EXPECT_LT(count(met, "half"), count(met, "often"));
}

/// Where nothing says the seed, the log does.
TEST(FaultsDraw, ASeedThatWasDrawnCanBeUsedAgain) {
  Daemon daemon = Daemon::with_config(echo_config(kFaults) + "faults: {}\n");
  visit(daemon, kConnections);
  const std::string line = daemon.process().wait_for_error_line("faults: seed [0-9]+");
  const std::uint64_t seed = std::stoull(line.substr(line.find("seed ") + 5));
  EXPECT_EQ(sorted_faults(daemon.wait_for_records(kConnections)), wanted(seed));
}

TEST(FaultsDraw, AFaultThatComesAndGoesMeetsTheSameConnections) {
  Daemon daemon = Daemon::with_config(echo_config() + faults_allowed());
  const AdminClient admin(daemon);
  visit(daemon, 10);
  const std::string half = R"({"name": "half", "percent": 50, "slow_close": "0s"})";
  std::vector<Peer> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(daemon.connect());
    clients.back().send_all("x");
    clients.back().receive_exactly(1);
  }
  for (int i = 0; i < 5; ++i) {
    set_fault(admin, "echo", half);
    remove_fault(admin, "echo", "half");
  }
  set_fault_on_live(admin, "echo", half, 10);
  for (Peer& client : clients) client.exchange("y");
  clients.clear();
  const faults::FaultSet set(kSeed, "echo", {[] {
                               faults::Fault fault;
                               fault.name = "half";
                               fault.percent = 50;
                               fault.kind = faults::SlowClose{};
                               return std::make_shared<const faults::Fault>(fault);
                             }()});
  for (const MetFaults& met : sorted_faults(daemon.wait_for_records(50))) {
    if (met.number <= 10) continue;
    const bool is_meant = !set.met_by({.number = met.number, .address = {}, .source_hash = 0}).empty();
    EXPECT_EQ(met.names.size(), is_meant ? 1u : 0u) << met.number;
  }
}

TEST(FaultsDraw, ASourceMeetsWhatItMetBefore) {
  const std::string by_source = "faults: [{name: harm, percent: 50, key: source, slow_close: 0s}]";
  std::map<std::string, std::vector<bool>> lots[2];
  for (auto& run : lots) {
    Daemon daemon = Daemon::with_config(echo_config(by_source) + faults_allowed());
    for (int round = 0; round < 3; ++round) {
      for (int host = 1; host <= 40; ++host) {
        const Endpoint source = endpoint_of("127.0.0." + std::to_string(host) + ":0");
        daemon.connect("", {.receive_buffer = 0, .send_buffer = 0, .source = source}).exchange("x");
      }
    }
    for (const Record& record : daemon.wait_for_records(120)) {
      const std::string address = record.client().substr(0, record.client().rfind(':'));
      run[address].push_back(!faults_of(record).names.empty());
    }
  }
  EXPECT_EQ(lots[0], lots[1]);
  std::size_t met = 0;
  for (const auto& [source, each] : lots[0]) {
    EXPECT_EQ(std::count(each.begin(), each.end(), each.front()), 3) << source;
    met += each.front() ? 1 : 0;
  }
  EXPECT_GT(met, 5u);
  EXPECT_LT(met, 35u);
}

TEST(FaultsDraw, OnlyTheSourcesThatAreNamedMeetIt) {
  Daemon daemon = Daemon::with_config(
      echo_config("faults: [{name: harm, sources: [127.0.0.2, 127.0.1.0/24], refuse: {}}]") + faults_allowed());
  for (const auto& [host, is_meant] : {std::pair{"127.0.0.1", false}, {"127.0.0.2", true}, {"127.0.1.9", true}}) {
    const Endpoint source = endpoint_of(std::string(host) + ":0");
    const Received received =
        daemon.connect("", {.receive_buffer = 0, .send_buffer = 0, .source = source}).exchange("x");
    EXPECT_EQ(received.ending, is_meant ? Ending::reset : Ending::fin) << host;
  }
}

TEST(FaultsDraw, AFaultOfTheBeginIsNotMetByThoseThatHaveBegun) {
  Daemon daemon = Daemon::with_config(echo_config() + faults_allowed());
  const AdminClient admin(daemon);
  Peer client = daemon.connect();
  client.send_all("x");
  client.receive_exactly(1);
  set_fault(admin, "echo", R"({"name": "harm", "refuse": {}})");
  EXPECT_EQ(daemon.connect().receive_until_end().ending, Ending::reset);
  EXPECT_EQ(client.exchange("y").bytes, "y");
  const Record record = daemon.wait_for_record(ended_as("client_closed"));
  EXPECT_EQ(faults_of(record).names, std::vector<std::string>());
}

}  // namespace
}  // namespace weir::test
