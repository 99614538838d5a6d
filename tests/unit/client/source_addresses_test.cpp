#include "client/source_addresses.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weir::load {
namespace {

TEST(SourceAddresses, ListIsGoneThroughAndBegunAnew) {
  const SourceAddresses sources = SourceAddresses::parse("127.0.0.1,127.0.0.9");
  EXPECT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources.at(0).to_string(), "127.0.0.1:0");
  EXPECT_EQ(sources.at(1).to_string(), "127.0.0.9:0");
  EXPECT_EQ(sources.at(2).to_string(), "127.0.0.1:0");
}

TEST(SourceAddresses, NetworkGivesItsHostsAndCarriesOverItsBytes) {
  const SourceAddresses sources = SourceAddresses::parse("127.1.0.0/16");
  EXPECT_EQ(sources.size(), 65'534u);
  EXPECT_EQ(sources.at(0).to_string(), "127.1.0.1:0");
  EXPECT_EQ(sources.at(255).to_string(), "127.1.1.0:0");
  EXPECT_EQ(sources.at(65'533).to_string(), "127.1.255.254:0");
}

TEST(SourceAddresses, NetworkOfIpv6Counts) {
  const SourceAddresses sources = SourceAddresses::parse("fd00::/120");
  EXPECT_EQ(sources.size(), 256u);
  EXPECT_EQ(sources.at(255).to_string(), "[fd00::ff]:0");
  EXPECT_EQ(sources.family(), AF_INET6);
}

TEST(SourceAddresses, OneAddressIsANetworkOfOne) {
  EXPECT_EQ(SourceAddresses::parse("10.0.0.5/32").at(7).to_string(), "10.0.0.5:0");
}

TEST(SourceAddresses, SaysWhatIsWrong) {
  for (const char* text : {"", "localhost", "10.0.0.1,", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.1,::1"}) {
    EXPECT_THROW(SourceAddresses::parse(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weir::load
