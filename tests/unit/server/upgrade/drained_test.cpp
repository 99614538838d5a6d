#include "server/upgrade/drained.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

namespace weir::upgrade {
namespace {

Drained passed_on(const Drained& drained, std::size_t most) {
  Drained taken;
  for (const auto& message : make_drained_messages(drained, most)) take_drained(message, taken);
  return taken;
}

TEST(Drained, GoesOverAsItIs) {
  const Drained drained{{"a", "b"}, {{"back", "127.0.0.1:1"}, {"back", "unix:/x"}}};
  for (const std::size_t most : {1, 2, 3, 4, 100}) EXPECT_EQ(passed_on(drained, most), drained) << most;
  EXPECT_EQ(passed_on({}, 1), Drained());
  EXPECT_EQ(make_drained_messages({}, 1).size(), 1u);
}

TEST(Drained, AMessageNamesSoManyAtMost) {
  Drained drained;
  for (int i = 0; i < 100; ++i) drained.listeners.insert("listener-" + std::to_string(i));
  for (int i = 0; i < 3000; ++i) drained.backends.emplace("back", "10.0.0.1:" + std::to_string(i));
  const auto messages = make_drained_messages(drained, 200);
  EXPECT_EQ(messages.size(), 16u);  // of which the last holds a hundred
  for (const auto& message : messages) EXPECT_LT(boost::json::serialize(message).size(), 10'000u);
  EXPECT_EQ(passed_on(drained, 200), drained);
}

TEST(Drained, WhatIsNotUnderstoodIsPassedOver) {
  Drained taken;
  take_drained({}, taken);
  EXPECT_EQ(taken, Drained());
  const auto message = boost::json::parse(R"({"listeners": 1, "backends": [1, ["a"], ["a", "b", "c"], ["a", "b"]]})");
  take_drained(message.as_object(), taken);
  EXPECT_EQ(taken, (Drained{{}, {{"a", "b"}}}));
}

}  // namespace
}  // namespace weir::upgrade
