#include "server/config/key_types.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>

#include "tests/unit/server/config/key_list.hpp"

namespace weir {
namespace {

KeyType type_of(const std::string& path) {
  for (const KeyType& type : key_types()) {
    if (type.path == path) return type;
  }
  throw std::out_of_range(path);
}

TEST(KeyTypes, AreThoseOfEveryKey) {
  std::vector<std::string> paths;
  for (const KeyType& type : key_types()) {
    paths.push_back(type.path);
    EXPECT_FALSE(type.type.empty()) << type.path;
  }
  std::vector<std::string> expected;
  for (const test::KeyInfo& key : test::KeyList::all()) expected.push_back(key.path);
  EXPECT_THAT(paths, ::testing::ElementsAreArray(expected));
}

TEST(KeyTypes, SayWhatMayBeWritten) {
  EXPECT_EQ(type_of("workers").type, "auto, or 1 to 1024");
  EXPECT_EQ(type_of("drain_timeout").type, "duration");
  EXPECT_EQ(type_of("dns.min_ttl").type, "duration, at least 10ms");
  EXPECT_EQ(type_of("upstreams.N.servers.N.weight").type, "1 to 1000");
  EXPECT_EQ(type_of("limits.per_source").type, "number");
  EXPECT_EQ(type_of("listeners.N.limits.bandwidth.per_source.in").type, "bytes a second");
  EXPECT_EQ(type_of("listeners.N.limits.bandwidth.burst").type, "bytes");
  EXPECT_EQ(type_of("listeners.N.faults.N.slice.size").type, "bytes, at least 1");
  EXPECT_EQ(type_of("listeners.N.faults.N.percent").type, "0 to 100");
  EXPECT_EQ(type_of("listeners.N.tcp.keepalive.idle").type, "whole seconds, 1s to 32767s");
}

TEST(KeyTypes, HaveEveryWordOfAChoice) {
  EXPECT_THAT(type_of("log.format").words, ::testing::ElementsAre("text", "json"));
  EXPECT_THAT(type_of("admin.read_token").words, ::testing::ElementsAre("true", "false"));
  EXPECT_THAT(type_of("listeners.N.tcp.keepalive").words, ::testing::ElementsAre("off"));
  EXPECT_THAT(type_of("drain_timeout").words, ::testing::IsEmpty());
  EXPECT_THAT(type_of("listeners.N.tls.min_version").words, ::testing::ElementsAre("1.2", "1.3"));
  EXPECT_THAT(type_of("upstreams.N.proxy_tlvs").words,
              ::testing::ElementsAre("authority", "alpn", "ssl", "certificate"));
}

TEST(KeyTypes, SayWhatMayNotBeLeftOut) {
  using Missing = KeyType::Missing;
  EXPECT_EQ(type_of("listeners.N.bind").missing, Missing::is_error);
  EXPECT_EQ(type_of("listeners.N.proxy.upstream").missing, Missing::leaves_others);
  EXPECT_EQ(type_of("listeners.N.proxy.routes.N.upstream").missing, Missing::is_error);
  EXPECT_EQ(type_of("upstreams.N.servers.N.address").missing, Missing::leaves_others);
  EXPECT_EQ(type_of("workers").missing, Missing::has_default);
  EXPECT_EQ(type_of("listeners.N.faults.N.latency.delay").missing, Missing::is_error);
  EXPECT_EQ(type_of("listeners.N.faults.N.connect.delay").missing, Missing::leaves_others);
  EXPECT_EQ(type_of("listeners.N.faults.N.slow_close").missing, Missing::leaves_others);
  EXPECT_EQ(type_of("listeners.N.faults.N.reset.after").missing, Missing::is_nothing);
}

}  // namespace
}  // namespace weir
