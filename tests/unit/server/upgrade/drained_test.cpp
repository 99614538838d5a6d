#include "server/upgrade/drained.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace weir::upgrade {
namespace {

TEST(Drained, GoesOverAsItIs) {
  const Drained drained{{"a", "b"}, {{"back", "127.0.0.1:1"}, {"back", "unix:/x"}}};
  EXPECT_EQ(drained_of(make_drained_message(drained)), drained);
  EXPECT_EQ(drained_of(make_drained_message({})), Drained());
}

TEST(Drained, WhatIsNotUnderstoodIsPassedOver) {
  EXPECT_EQ(drained_of({}), Drained());
  const auto message = boost::json::parse(R"({"listeners": 1, "backends": [1, ["a"], ["a", "b", "c"], ["a", "b"]]})");
  EXPECT_EQ(drained_of(message.as_object()), (Drained{{}, {{"a", "b"}}}));
}

}  // namespace
}  // namespace weir::upgrade
