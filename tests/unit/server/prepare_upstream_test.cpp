#include "server/prepare_upstream.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "server/upstream/upstream.hpp"

namespace weir {
namespace {

UpstreamConfig config_of(const std::vector<std::string>& addresses, const std::vector<std::string>& sources = {}) {
  UpstreamConfig config;
  config.name = "u";
  config.bind_source = sources;
  for (const std::string& address : addresses) {
    config.servers.push_back({.address = parse_address(address, AddressUse::target, Ports::range)});
  }
  return config;
}

PreparedUpstream prepare(const UpstreamConfig& config) {
  return prepare_upstream(std::make_shared<const UpstreamConfig>(config));
}

/// Why it cannot be made.
std::string failure_of(const UpstreamConfig& config) {
  try {
    prepare(config);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(PrepareUpstream, EveryAddressIsResolvedAndNamesOfDnsEntriesAreNot) {
  UpstreamConfig config = config_of({"127.0.0.1:1", "unix:/a"}, {"127.0.0.2"});
  config.servers.push_back({.dns = DnsName{DnsName::Record::a, "no.such.name.invalid", 1}});
  const PreparedUpstream prepared = prepare(config);
  ASSERT_EQ(prepared.entries.size(), 3u);
  EXPECT_EQ(prepared.entries[0].endpoints.front().to_string(), "127.0.0.1:1");
  EXPECT_EQ(prepared.entries[1].endpoints.front().to_string(), "unix:/a");
  EXPECT_THAT(prepared.entries[2].endpoints, testing::IsEmpty());
  ASSERT_EQ(prepared.sources.size(), 1u);
  EXPECT_EQ(prepared.sources[0].to_string(), "127.0.0.2:0");
}

TEST(PrepareUpstream, AnUpstreamOutlivesTheConfigurationThatItWasMadeFrom) {
  UpstreamConfig config = config_of({"127.0.0.1:1", "127.0.0.1:2"});
  const Upstream upstream(prepare(config));
  config = {};
  EXPECT_EQ(upstream.config().name, "u");
  ASSERT_EQ(upstream.backends().size(), 2u);
  EXPECT_EQ(*upstream.backends()[1]->name(), "127.0.0.1:2");
  EXPECT_EQ(upstream.backends()[1]->entry().config.address.to_string(), "127.0.0.1:2");
}

TEST(PrepareUpstream, EachUpstreamDrawsItsOwnLots) {
  const UpstreamConfig config = config_of({"127.0.0.1:1"});
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 4; ++i) seeds.insert(prepare(config).seed);
  EXPECT_GT(seeds.size(), 1u);
}

TEST(PrepareUpstream, AnAddressThatCannotBeResolvedIsNamed) {
  EXPECT_THAT(failure_of(config_of({"no.such.name.invalid:1"})), testing::HasSubstr("no.such.name.invalid"));
}

TEST(PrepareUpstream, ASourceThatThisMachineLacksIsNamed) {
  EXPECT_EQ(failure_of(config_of({"127.0.0.1:1"}, {"127.0.0.1", "192.0.2.1"})),
            "upstream u: cannot connect from 192.0.2.1: Cannot assign requested address; give this machine the address "
            "first");
}

TEST(PrepareUpstream, ABackendThatNoSourceReachesIsNamed) {
  EXPECT_EQ(failure_of(config_of({"127.0.0.1:1", "[::1]:1"}, {"127.0.0.1"})),
            "upstream u: bind_source has no address of the family of backend [::1]:1, which is [::1]:1");
}

}  // namespace
}  // namespace weir
