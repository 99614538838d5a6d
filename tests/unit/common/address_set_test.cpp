#include "common/address_set.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

using ::testing::HasSubstr;

IpAddress ip(const std::string& text) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return IpAddress::v4(ntohl(v4.s_addr));
  EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &v6), 1) << text;
  return IpAddress::v6(v6);
}

AddressSet set_of(const std::vector<std::string>& ranges) {
  AddressSet set;
  for (const std::string& range : ranges) set.add(range);
  set.seal();
  return set;
}

TEST(AddressSet, HoldsWhatItsRangesHold) {
  const AddressSet set = set_of({"10.0.0.0/8", "192.0.2.1", "192.0.2.128/25", "2001:db8::/32", "::1"});
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.1", "192.0.2.128", "192.0.2.255",
                             "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(set.contains(ip(inside))) << inside;
  }
  for (const char* outside : {"9.255.255.255", "11.0.0.0", "192.0.2.0", "192.0.2.2", "192.0.2.127", "192.0.3.0",
                              "2001:db7:ffff::", "2001:db9::", "::", "::2", "0.0.0.1"}) {
    EXPECT_FALSE(set.contains(ip(outside))) << outside;
  }
}

TEST(AddressSet, EmptyHoldsNothing) {
  EXPECT_FALSE(set_of({}).contains(ip("127.0.0.1")));
  EXPECT_TRUE(set_of({}).empty());
}

TEST(AddressSet, EverythingOfOneFamilyIsNothingOfTheOther) {
  const AddressSet all_v4 = set_of({"0.0.0.0/0"});
  EXPECT_TRUE(all_v4.contains(ip("0.0.0.0")));
  EXPECT_TRUE(all_v4.contains(ip("255.255.255.255")));
  EXPECT_FALSE(all_v4.contains(ip("::1")));
  EXPECT_FALSE(all_v4.contains(ip("ffff::")));
  const AddressSet all_v6 = set_of({"::/0"});
  EXPECT_TRUE(all_v6.contains(ip("::")));
  EXPECT_TRUE(all_v6.contains(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(all_v6.contains(ip("0.0.0.0")));
  EXPECT_FALSE(all_v6.contains(ip("255.255.255.255")));
  const AddressSet ends_with_v4 = set_of({"::/80"});
  EXPECT_TRUE(ends_with_v4.contains(ip("::fffe:ffff:ffff")));
  EXPECT_FALSE(ends_with_v4.contains(ip("0.0.0.0")));
  EXPECT_FALSE(ends_with_v4.contains(ip("255.255.255.255")));
  EXPECT_FALSE(ends_with_v4.contains(ip("::1:0:0:0")));
}

TEST(AddressSet, OverlappingRangesAreOne) {
  const AddressSet set = set_of({"10.1.0.0/16", "10.0.0.0/8", "10.0.0.1", "10.1.2.3", "11.0.0.0/8"});
  for (const char* inside : {"10.0.0.0", "10.1.2.3", "10.200.0.0", "11.255.255.255"}) {
    EXPECT_TRUE(set.contains(ip(inside))) << inside;
  }
  EXPECT_FALSE(set.contains(ip("12.0.0.0")));
}

TEST(AddressSet, AgreesWithLookingAtEachRange) {
  std::mt19937 lots(7);
  std::vector<std::pair<std::uint32_t, unsigned>> ranges;
  AddressSet set;
  for (int i = 0; i < 300; ++i) {
    const unsigned bits = 8 + lots() % 25;
    const std::uint32_t address = static_cast<std::uint32_t>(lots()) & ~(bits == 32 ? 0u : ~0u >> bits);
    ranges.emplace_back(address, bits);
    const in_addr v4{htonl(address)};
    char text[INET_ADDRSTRLEN];
    set.add(std::string(::inet_ntop(AF_INET, &v4, text, sizeof text)) + "/" + std::to_string(bits));
  }
  set.seal();
  for (int i = 0; i < 100'000; ++i) {
    const auto address = static_cast<std::uint32_t>(lots());
    bool inside = false;
    for (const auto& [first, bits] : ranges) inside = inside || (address ^ first) >> (32 - bits) == 0;
    ASSERT_EQ(set.contains(IpAddress::v4(address)), inside) << address;
  }
}

TEST(AddressSet, RefusesWhatIsNoRange) {
  for (const char* wrong :
       {"", "localhost", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "/8", "2001:db8::/129",
        "10.0.0.1/8", "2001:db8::1/64", "2001:db8:1::/32", "10.0.0.0/8/8", "[::1]"}) {
    EXPECT_THROW(AddressSet().add(wrong), std::invalid_argument) << wrong;
  }
  EXPECT_THROW(AddressSet().add(std::string_view("10.0.0.1\0/8", 11)), std::invalid_argument);
  EXPECT_THROW(AddressSet().add(std::string_view("10.0.0.0\0x/8", 12)), std::invalid_argument);
}

TEST(AddressSet, ReadsAFileAndNamesTheLineThatIsWrong) {
  const test::TempDir dir;
  AddressSet set;
  set.add_file(dir.write("good", "# office\n10.0.0.0/8\n\n  192.0.2.1  # a printer\r\n2001:db8::/32"));
  set.seal();
  EXPECT_TRUE(set.contains(ip("10.1.2.3")));
  EXPECT_TRUE(set.contains(ip("192.0.2.1")));
  EXPECT_TRUE(set.contains(ip("2001:db8::1")));
  const std::string bad = dir.write("bad", "10.0.0.0/8\n\nnonsense\n");
  try {
    AddressSet().add_file(bad);
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(bad + ":3: "));
  }
  EXPECT_THROW(AddressSet().add_file(dir.file("absent")), std::runtime_error);
  EXPECT_THROW(AddressSet().add_file(dir.file("")), std::runtime_error) << "a directory";
  EXPECT_THROW(AddressSet().add_file("/dev/zero"), std::runtime_error) << "it never ends";
  ASSERT_EQ(::mkfifo(dir.file("pipe").c_str(), 0600), 0);
  EXPECT_THROW(AddressSet().add_file(dir.file("pipe")), std::runtime_error) << "nobody writes to it";
}

}  // namespace
}  // namespace weir
