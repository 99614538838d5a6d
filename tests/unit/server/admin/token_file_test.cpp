#include "server/admin/token_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_dir.hpp"

namespace weir::admin {
namespace {

using ::testing::HasSubstr;

class TokenFileTest : public testing::Test {
 protected:
  void write(std::string_view text, mode_t mode = 0600) {
    // Put into place whole, as an administrator would.
    const std::string made = folder_.write("new", text);
    ::chmod(made.c_str(), mode);
    std::filesystem::rename(made, path);
  }

  const test::TempDir folder_;
  const std::string path = folder_.file("token");
};

TEST_F(TokenFileTest, MatchesItsWholeLineAlone) {
  write("secret\n");
  TokenFile file(path);
  EXPECT_TRUE(file.check("secret").matches);
  for (const char* wrong : {"", "secre", "secret\n", "secrets", "Secret"}) {
    const TokenCheck check = file.check(wrong);
    EXPECT_FALSE(check.matches) << wrong;
    EXPECT_EQ(check.problem, "");
  }
}

TEST_F(TokenFileTest, ANewTokenCountsAtOnce) {
  write("first");
  TokenFile file(path);
  EXPECT_TRUE(file.check("first").matches);
  write("other");  // of the same size
  EXPECT_FALSE(file.check("first").matches);
  EXPECT_TRUE(file.check("other").matches);
}

TEST_F(TokenFileTest, OneThatOthersMayReadIsRefusedUntilItIsMended) {
  write("secret", 0644);
  TokenFile file(path);
  EXPECT_FALSE(file.check("secret").matches);
  EXPECT_THAT(file.check("secret").problem, HasSubstr("chmod 600"));
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(file.check("secret").matches);
  ::chmod(path.c_str(), 0640);
  EXPECT_FALSE(file.check("secret").matches);
}

TEST_F(TokenFileTest, OneThatIsGoneMatchesNothing) {
  write("secret");
  TokenFile file(path);
  EXPECT_TRUE(file.check("secret").matches);
  std::filesystem::remove(path);
  EXPECT_FALSE(file.check("secret").matches);
  EXPECT_THAT(file.check("secret").problem, HasSubstr("No such file"));
  EXPECT_FALSE(file.check("").matches);
  write("secret");
  EXPECT_TRUE(file.check("secret").matches);
}

TEST(Digest, IsThatOfTheStandard) {
  // FIPS 180-4's example "abc", in base64.
  EXPECT_EQ(base64(sha256("abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  EXPECT_TRUE(equal(sha256("abc"), sha256("abc")));
  EXPECT_FALSE(equal(sha256("abc"), sha256("abd")));
}

}  // namespace
}  // namespace weir::admin
