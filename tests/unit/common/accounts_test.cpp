#include "common/accounts.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Accounts, AreFoundByNameAndByNumber) {
  EXPECT_EQ(find_user("root"), 0u);
  EXPECT_EQ(find_group("root"), 0u);
  EXPECT_EQ(find_user("12345678"), 12345678u) << "a number needs no entry";
  EXPECT_EQ(find_group("12345678"), 12345678u);
}

TEST(Accounts, NoneOfThatNameIsNone) {
  EXPECT_EQ(find_user("no-such-user"), std::nullopt);
  EXPECT_EQ(find_group("no-such-group"), std::nullopt);
  EXPECT_EQ(find_user("4294967295"), std::nullopt) << "chown(2) would take it for nobody";
  EXPECT_EQ(find_user("-1"), std::nullopt);
  EXPECT_EQ(find_user("0x0"), std::nullopt);
}

}  // namespace
}  // namespace weir
