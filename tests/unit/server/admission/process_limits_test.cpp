#include "server/admission/process_limits.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ProcessLimits, OfConnectionsDoNotCareWhatTheyTake) {
  const ProcessLimits limits{10};
  EXPECT_TRUE(limits.has_room(9, 1'000'000, 2));
  EXPECT_FALSE(limits.has_room(10, 10, 1));
  EXPECT_EQ(limits.most(3, 6, 2), 10u);
}

TEST(ProcessLimits, OfDescriptorsHaveRoomForWhatFits) {
  const ProcessLimits limits{ProcessLimits::kNone, 10};
  EXPECT_TRUE(limits.has_room(4, 8, 2));
  EXPECT_FALSE(limits.has_room(5, 9, 2));
  EXPECT_TRUE(limits.has_room(5, 9, 1));
  EXPECT_FALSE(limits.has_room(10, 10, 1));
  EXPECT_FALSE(limits.has_room(11, 11, 1)) << "more than the limit that holds by now";
}

TEST(ProcessLimits, SayHowManyConnectionsFitBesideThoseThereAre) {
  const ProcessLimits limits{8, 10};
  EXPECT_EQ(limits.most(0, 0, 2), 5u);
  EXPECT_EQ(limits.most(0, 0, 1), 8u) << "the number of connections is the limit then";
  EXPECT_EQ(limits.most(4, 4, 2), 7u);
  EXPECT_EQ(limits.most(6, 12, 2), 6u);
}

TEST(ProcessLimits, AProxiedConnectionTakesOneDescriptorMore) {
  ListenerConfig listener;
  listener.service = EchoConfig();
  EXPECT_EQ(descriptors_per_connection(listener), 1u);
  listener.service = ProxyConfig();
  EXPECT_EQ(descriptors_per_connection(listener), 2u);
}

}  // namespace
}  // namespace weir
