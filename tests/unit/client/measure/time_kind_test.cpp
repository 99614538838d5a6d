#include "client/measure/time_kind.hpp"

#include <gtest/gtest.h>

#include <set>

namespace weir::load {
namespace {

TEST(Times, HaveNamesOfTheirOwn) {
  std::set<std::string_view> keys;
  std::set<std::string_view> texts;
  for (std::size_t i = 0; i < kTimes; ++i) {
    keys.insert(time_key(static_cast<Time>(i)));
    texts.insert(time_text(static_cast<Time>(i)));
  }
  EXPECT_EQ(keys.size(), kTimes);
  EXPECT_EQ(texts.size(), kTimes);
  EXPECT_FALSE(keys.contains(""));
  EXPECT_FALSE(texts.contains(""));
  EXPECT_EQ(time_key(Time::response), "response");
  EXPECT_EQ(time_key(Time::first_byte), "first_byte");
  EXPECT_EQ(time_text(Time::first_byte), "first byte");
  EXPECT_EQ(time_key(Time::newcomer), "newcomer");
  EXPECT_EQ(time_key(Time::handshake), "handshake");
  EXPECT_TRUE(is_of_tls(Time::resumed));
  EXPECT_FALSE(is_of_tls(Time::connect));
}

}  // namespace
}  // namespace weir::load
