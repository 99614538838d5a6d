#include "server/upstream/backend_entry.hpp"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;

BackendConfig at(const char* address, std::uint32_t weight = 1) {
  return {.address = parse_address(address, AddressUse::target, Ports::range), .weight = weight};
}

BackendConfig named(DnsName::Record record, const char* name, std::uint16_t port) {
  return {.dns = DnsName{record, name, port}};
}

std::vector<BackendKey> keys_of(const std::vector<BackendConfig>& backends) {
  std::vector<BackendKey> keys;
  for (const auto& entry : make_entries(backends)) keys.push_back(entry->key);
  return keys;
}

TEST(BackendEntry, IsToldFromOthersByWhereItLeads) {
  using Record = DnsName::Record;
  const auto keys = keys_of({at("127.0.0.1:1"), at("127.0.0.1:1-2"), at("unix:/a"), named(Record::a, "db.test", 1),
                             named(Record::a, "db.test", 2), named(Record::srv, "db.test", 0)});
  for (const BackendKey& key : keys) {
    EXPECT_EQ(std::count(keys.begin(), keys.end(), key), 1) << key.target;
    EXPECT_EQ(key.ordinal, 0u);
  }
}

TEST(BackendEntry, IsTheSameOneInAnotherPlaceAndWithAnotherWeight) {
  const auto before = keys_of({at("127.0.0.1:1"), at("127.0.0.1:2")});
  const auto after = keys_of({at("127.0.0.1:3"), at("127.0.0.1:2", 7), at("127.0.0.1:1")});
  EXPECT_EQ(before[0], after[2]);
  EXPECT_EQ(before[1], after[1]);
}

TEST(BackendEntry, OnesThatSayTheSameAreCounted) {
  const auto keys = keys_of({at("127.0.0.1:1"), at("127.0.0.1:2"), at("127.0.0.1:1")});
  EXPECT_EQ(keys[0].target, keys[2].target);
  EXPECT_THAT(keys, ElementsAre(testing::Field(&BackendKey::ordinal, 0u), testing::Field(&BackendKey::ordinal, 0u),
                                testing::Field(&BackendKey::ordinal, 1u)));
}

TEST(BackendEntry, OutlivesTheConfigurationThatItWasMadeFrom) {
  std::vector<BackendConfig> backends{at("127.0.0.1:1", 5)};
  const BackendEntries entries = make_entries(backends);
  backends.clear();
  EXPECT_EQ(entries[0]->config.weight, 5u);
}

}  // namespace
}  // namespace weir
