#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <utility>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"

namespace weir::test {
namespace {

std::vector<std::string> keys_of(const Record& record) {
  std::vector<std::string> keys;
  for (const auto& member : record.json()) keys.emplace_back(member.key());
  return keys;
}

void expect_well_formed(const Record& record) {
  EXPECT_EQ(keys_of(record), record_keys());
  EXPECT_TRUE(
      std::regex_match(record.text("time"), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d))")))
      << record.line();
  for (const char* key : {"listener", "client", "end"}) EXPECT_TRUE(record.json().at(key).is_string()) << record.line();
  for (const char* key : {"bytes_in", "bytes_out", "bytes_lost", "attempts"}) EXPECT_GE(record.number(key), 0);
  EXPECT_TRUE(record.json().at("duration_ms").is_number());
  EXPECT_TRUE(record.is_null("proxied_client"));
  EXPECT_TRUE(record.is_null("tls"));
  EXPECT_TRUE(record.is_null("faults"));
  EXPECT_TRUE(record.json().at("rtt_us").is_number()) << record.line();
  EXPECT_TRUE(record.json().at("retransmits").is_number()) << record.line();
}

TEST(Records, EchoHasEveryKeyAndNoBackend) {
  Daemon daemon = Daemon::with_config(echo_config());
  Peer client = daemon.connect();
  client.exchange("twelve bytes");
  const Record record = daemon.wait_for_record();
  expect_well_formed(record);
  EXPECT_EQ(record.listener(), "echo");
  EXPECT_EQ(record.client(), client.local_name());
  EXPECT_EQ(record.bytes_in(), 12);
  EXPECT_EQ(record.bytes_out(), 12);
  EXPECT_TRUE(record.is_null("backend"));
  EXPECT_TRUE(record.is_null("connect_ms"));
  EXPECT_EQ(record.attempts(), 0);
}

TEST(Records, ProxyNamesTheBackendAndCountsEachDirectionExactly) {
  FakeBackend backend(sends_after_fin("a longer answer"));
  Daemon daemon = Daemon::with_config(proxy_config({backend.address()}));
  daemon.connect().exchange("question");
  const Record record = daemon.wait_for_record();
  expect_well_formed(record);
  EXPECT_EQ(record.text("backend"), backend.address());
  EXPECT_EQ(record.bytes_in(), 8);
  EXPECT_EQ(record.bytes_out(), 15);
  EXPECT_EQ(record.bytes_lost(), 0);
  EXPECT_TRUE(record.json().at("connect_ms").is_number());
  EXPECT_EQ(record.attempts(), 1);
  EXPECT_EQ(record.end(), "client_closed");
}

TEST(Records, FailedConnectIsWellFormedToo) {
  const RefusedPort refused;
  Daemon daemon = Daemon::with_config(proxy_config({refused.address()}, "", "connect: {attempts: 1}"));
  daemon.connect().receive_until_end();
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(keys_of(record), record_keys());
  EXPECT_TRUE(record.is_null("connect_ms"));
  EXPECT_EQ(record.attempts(), 1);
}

TEST(Records, EachConnectionHasOneWithAnIdOfItsOwn) {
  Daemon daemon = Daemon::with_config(echo_config());
  std::set<std::string> clients;
  for (int i = 0; i < 100; ++i) {
    Peer client = daemon.connect();
    clients.insert(client.local_name());
    client.exchange("x");
  }
  EXPECT_EQ(daemon.stop(), 0);
  std::set<std::string> ids;
  const std::vector<Record> records = daemon.records();
  for (const Record& record : records) {
    ids.insert(record.text("id"));
    clients.erase(record.client());
  }
  EXPECT_EQ(records.size(), 100u);
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_TRUE(clients.empty());
}

TEST(Records, TextFormHasTheSameKeysInTheSameOrder) {
  const TempDir dir;
  Daemon daemon = Daemon::with_config(echo_config() + "access_log: {format: text, file: " + dir.file("log") + "}");
  daemon.connect().exchange("twelve bytes");
  ASSERT_TRUE(wait_until([&] { return read_file(dir.file("log")).ends_with('\n'); }));
  const std::string line = lines_of(read_file(dir.file("log"))).front();
  std::vector<std::string> keys;
  const std::regex pair(R"((\w+)=(\S+))");
  for (std::sregex_iterator match(line.begin(), line.end(), pair), none; match != none; ++match)
    keys.push_back((*match)[1]);
  std::vector<std::string> plain = record_keys();
  for (const char* key : {"tls", "faults"}) std::erase(plain, key);  // a connection without it has no such key
  EXPECT_EQ(keys, plain) << line;
  EXPECT_NE(line.find(" bytes_in=12 bytes_out=12 bytes_lost=0 "), std::string::npos) << line;
  EXPECT_NE(line.find(" end=client_closed "), std::string::npos) << line;
}

TEST(Records, SampleIsEveryNthConnectionHoweverItEnds) {
  const TempDir dir;
  Daemon daemon = Daemon::with_config(echo_config("limits: {connections: 1}") +
                                      "workers: 1\naccess_log: {sample: 5, file: " + dir.file("log") + "}\n");
  Peer held = daemon.connect();
  for (int i = 0; i < 10; ++i) daemon.connect().receive_until_end();
  held.close();
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(lines_of(read_file(dir.file("log"))).size(), 2u);
}

TEST(Records, OnlyFailedLeavesOutThoseThatEndedInOrderUnlessTheyAreSampled) {
  for (const auto& [sample, orderly] : {std::pair{"1", 0}, {"2", 2}}) {
    const TempDir dir;
    Daemon daemon = Daemon::with_config(
        "listeners: [{name: open, bind: '127.0.0.1:0', echo: {}},\n"
        "  {name: closed, bind: '127.0.0.1:0', echo: {}, deny: 0.0.0.0/0}]\n"
        "workers: 1\naccess_log: {only: failed, sample: " +
        std::string(sample) + ", file: " + dir.file("log") + "}\n");
    for (int i = 0; i < 4; ++i) {
      daemon.connect("open").exchange("x");
      daemon.connect("closed").receive_until_end();
    }
    EXPECT_EQ(daemon.stop(), 0);
    const std::vector<std::string> lines = lines_of(read_file(dir.file("log")));
    const auto count = [&](const std::string& end) {
      return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(" end=" + end + " ") != std::string::npos;
      });
    };
    EXPECT_EQ(count("denied"), 4);
    EXPECT_EQ(count("client_closed"), orderly);
    EXPECT_EQ(lines.size(), 4u + static_cast<std::size_t>(orderly));
  }
}

TEST(Records, UnixClientHasNoRoundTripTime) {
  const TempDir dir;
  Daemon daemon = Daemon::with_verb({"echo", "unix:" + dir.file("echo.sock")});
  daemon.connect().exchange("x");
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(keys_of(record), record_keys());
  EXPECT_TRUE(record.is_null("rtt_us"));
  EXPECT_TRUE(record.is_null("retransmits"));
}

}  // namespace
}  // namespace weir::test
