#include "server/admission/access_rules.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

bool allows(const AccessConfig& config, const char* text) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, text, &v4) == 1) return AccessRules(config).allows(IpAddress::v4(ntohl(v4.s_addr)));
  EXPECT_EQ(::inet_pton(AF_INET6, text, &v6), 1) << text;
  return AccessRules(config).allows(IpAddress::v6(v6));
}

TEST(AccessRules, WithoutAnyEverybodyComesIn) {
  EXPECT_TRUE(allows({}, "192.0.2.1"));
  EXPECT_TRUE(allows({}, "2001:db8::1"));
}

TEST(AccessRules, AllowListRefusesTheRest) {
  const AccessConfig config{.allow = {"10.0.0.0/8", "2001:db8::/32"}, .deny = {}, .allow_file = {}, .deny_file = {}};
  EXPECT_TRUE(allows(config, "10.255.255.255"));
  EXPECT_TRUE(allows(config, "2001:db8::1"));
  EXPECT_FALSE(allows(config, "11.0.0.0"));
  EXPECT_FALSE(allows(config, "::1"));
}

TEST(AccessRules, DenyAloneLetsTheRestIn) {
  const AccessConfig config{.allow = {}, .deny = {"10.0.0.0/8"}, .allow_file = {}, .deny_file = {}};
  EXPECT_FALSE(allows(config, "10.1.2.3"));
  EXPECT_FALSE(allows(config, "::ffff:10.1.2.3"));
  EXPECT_TRUE(allows(config, "11.0.0.0"));
}

TEST(AccessRules, DenyWinsOverAllow) {
  const AccessConfig config{.allow = {"10.0.0.0/8"}, .deny = {"10.1.0.0/16"}, .allow_file = {}, .deny_file = {}};
  EXPECT_TRUE(allows(config, "10.0.0.1"));
  EXPECT_FALSE(allows(config, "10.1.0.1"));
}

TEST(AccessRules, FilesAddToTheLists) {
  const test::TempDir dir;
  const AccessConfig config{.allow = {"10.0.0.0/8"},
                            .deny = {"10.1.0.0/16"},
                            .allow_file = dir.write("allow", "192.0.2.0/24  # office\n"),
                            .deny_file = dir.write("deny", "192.0.2.7\n")};
  EXPECT_TRUE(allows(config, "10.0.0.1"));
  EXPECT_TRUE(allows(config, "192.0.2.1"));
  EXPECT_FALSE(allows(config, "10.1.0.1"));
  EXPECT_FALSE(allows(config, "192.0.2.7"));
  EXPECT_FALSE(allows(config, "198.51.100.1"));
}

/// Whoever empties the file wants nobody, not everybody.
TEST(AccessRules, AllowFileWithoutAddressesRefusesEverybody) {
  const test::TempDir dir;
  EXPECT_FALSE(
      allows({.allow = {}, .deny = {}, .allow_file = dir.write("allow", "# none\n"), .deny_file = {}}, "192.0.2.1"));
}

TEST(AccessRules, SayWhichLineOfAFileIsWrong) {
  const test::TempDir dir;
  const std::string file = dir.write("deny", "10.0.0.0/8\nnonsense\n");
  try {
    allows({.allow = {}, .deny = {}, .allow_file = {}, .deny_file = file}, "10.0.0.1");
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()).rfind(file + ":2: ", 0), 0u) << error.what();
  }
}

}  // namespace
}  // namespace weir
