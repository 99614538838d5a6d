#include "common/io/ready_list.hpp"

#include <gtest/gtest.h>

namespace weir::io {
namespace {

TEST(ReadyList, FirstInIsFirstOutHoweverManyHavePassed) {
  ReadyList list;
  EXPECT_TRUE(list.empty());
  list.make_room_for(100);
  std::uint32_t in = 0;
  std::uint32_t out = 0;
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < 50; ++i) list.push(in++);
    while (list.size() > (round % 10 == 9 ? 0u : 49u)) ASSERT_EQ(list.pop(), out++);
    ASSERT_EQ(list.size(), in - out);
  }
  while (!list.empty()) ASSERT_EQ(list.pop(), out++);
  EXPECT_EQ(out, in);
}

TEST(ReadyList, OneThatIsNeverEmptyKeepsItsOrder) {
  ReadyList list;
  list.make_room_for(2);
  list.push(0);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    list.push(i + 1);
    ASSERT_EQ(list.pop(), i);
    ASSERT_EQ(list.size(), 1u);
  }
}

}  // namespace
}  // namespace weir::io
