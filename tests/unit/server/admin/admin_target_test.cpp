#include "server/admin/admin_target.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/support/temp_dir.hpp"

namespace weir::admin {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    parse_admin_target(text);
    return "accepted";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(AdminTarget, IsAnAddressWithOrWithoutHttp) {
  EXPECT_EQ(parse_admin_target("127.0.0.1:9900").to_string(), "127.0.0.1:9900");
  EXPECT_EQ(parse_admin_target("http://[::1]:9900").to_string(), "[::1]:9900");
  EXPECT_EQ(parse_admin_target("http://box:9900/").to_string(), "box:9900");
  EXPECT_EQ(parse_admin_target("unix:/run/weir/admin.sock").to_string(), "unix:/run/weir/admin.sock");
  EXPECT_EQ(parse_admin_target("unix:@weir").to_string(), "unix:@weir");
}

TEST(AdminTarget, OthersAreRefusedWithWhatWouldBeRight) {
  EXPECT_THAT(refusal("https://box:1"), HasSubstr("https is not supported"));
  EXPECT_THAT(refusal("http://box:1/metrics"), HasSubstr("write http://HOST:PORT"));
  EXPECT_THAT(refusal("box"), HasSubstr("port"));
  EXPECT_THAT(refusal("127.0.0.1:0"), testing::Not("accepted"));
}

TEST(AdminTarget, ABindOfAllAddressesIsReachedThroughLoopback) {
  EXPECT_EQ(target_of_bind(":9900").to_string(), "127.0.0.1:9900");
  EXPECT_EQ(target_of_bind("0.0.0.0:9900").to_string(), "127.0.0.1:9900");
  EXPECT_EQ(target_of_bind("[::]:9900").to_string(), "[::1]:9900");
  EXPECT_EQ(target_of_bind("192.0.2.1:9900").to_string(), "192.0.2.1:9900");
  EXPECT_EQ(target_of_bind("unix:/run/a").to_string(), "unix:/run/a");
  EXPECT_THROW(target_of_bind("127.0.0.1:0"), std::invalid_argument);
}

TEST(AdminTarget, TheEnvironmentComesBeforeTheConfiguration) {
  const test::TempDir folder;
  const std::string file = folder.write("weir.yaml", "admin:\n  bind: 127.0.0.1:1111\n");
  EXPECT_EQ(default_admin_target("127.0.0.1:2222", file).to_string(), "127.0.0.1:2222");
  EXPECT_EQ(default_admin_target("", file).to_string(), "127.0.0.1:1111");
  EXPECT_EQ(default_admin_target(nullptr, file).to_string(), "127.0.0.1:1111");
  EXPECT_THROW(default_admin_target("nonsense", file), std::invalid_argument);
}

TEST(AdminTarget, AConfigurationThatDoesNotSayIsPassedOver) {
  const test::TempDir folder;
  EXPECT_EQ(default_admin_target(nullptr, folder.file("missing")).to_string(), "127.0.0.1:9900");
  for (const char* text : {"", "listeners: []\n", "admin:\n", "admin: {bind: '127.0.0.1:0'}\n", "admin: {bind: {}}\n",
                           "admin: [\n", "- admin\n", "admin: {bind: [1, 2]}\n"}) {
    EXPECT_EQ(default_admin_target(nullptr, folder.write("weir.yaml", text)).to_string(), "127.0.0.1:9900") << text;
  }
  const std::string others = "listeners: nonsense\nadmin: {bind: ['unix:/run/w.sock', ':1']}\n";
  EXPECT_EQ(default_admin_target(nullptr, folder.write("weir.yaml", others)).to_string(), "unix:/run/w.sock");
}

}  // namespace
}  // namespace weir::admin
