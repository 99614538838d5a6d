#include "server/session/handshake_places.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace weir {
namespace {

using Place = HandshakePlaces::Place;

class HandshakePlacesTest : public testing::Test {
 protected:
  std::unique_ptr<Place> place(HandshakePlaces& places) { return std::make_unique<Place>(places, *slot_); }

 private:
  io::EventLoop loop_;
  io::SlotPtr slot_ = loop_.acquire(1);
};

TEST_F(HandshakePlacesTest, LineIsServedInOrder) {
  HandshakePlaces places(1);
  auto first = place(places);
  const auto second = place(places);
  const auto third = place(places);
  EXPECT_TRUE(first->granted());
  EXPECT_FALSE(second->granted());
  first.reset();
  EXPECT_TRUE(second->granted());
  EXPECT_FALSE(third->granted());
  EXPECT_EQ(places.used(), 1U);
}

TEST_F(HandshakePlacesTest, WhoComesBackGoesBeforeWhoIsNew) {
  HandshakePlaces places(1);
  const auto paused = place(places);
  auto second = place(places);
  const auto third = place(places);
  paused->pause();
  EXPECT_TRUE(second->granted());
  EXPECT_EQ(places.halfway(), 1U);
  paused->resume();
  EXPECT_FALSE(paused->granted());
  second.reset();
  EXPECT_TRUE(paused->granted());
  EXPECT_FALSE(third->granted());
  EXPECT_EQ(places.halfway(), 0U);
}

TEST_F(HandshakePlacesTest, WhoComesBackToAFreePlaceHasItAtOnceAndLetsTheNextOneIn) {
  HandshakePlaces places(2);
  std::vector<std::unique_ptr<Place>> halfway;
  for (std::size_t i = 0; i < 2 * HandshakePlaces::kHalfwayForEach; ++i) {
    halfway.push_back(place(places));
    halfway.back()->pause();
  }
  const auto next = place(places);
  EXPECT_FALSE(next->granted()) << "too many are halfway";
  halfway.front()->resume();
  EXPECT_TRUE(halfway.front()->granted());
  EXPECT_TRUE(next->granted());
  EXPECT_EQ(places.used(), 2U);
}

TEST_F(HandshakePlacesTest, SoManyMayBeHalfwayForEachPlace) {
  HandshakePlaces places(1);
  std::vector<std::unique_ptr<Place>> halfway;
  for (std::size_t i = 0; i < HandshakePlaces::kHalfwayForEach; ++i) {
    halfway.push_back(place(places));
    ASSERT_TRUE(halfway.back()->granted()) << i;
    halfway.back()->pause();
  }
  const auto next = place(places);
  EXPECT_FALSE(next->granted());
  halfway.pop_back();
  EXPECT_TRUE(next->granted());
}

TEST_F(HandshakePlacesTest, LimitMayChange) {
  HandshakePlaces places(1);
  const auto first = place(places);
  auto second = place(places);
  const auto third = place(places);
  places.set_most(2);
  EXPECT_TRUE(second->granted());
  EXPECT_FALSE(third->granted());
  places.set_most(1);
  EXPECT_TRUE(second->granted()) << "whoever has a place keeps it";
  second.reset();
  EXPECT_FALSE(third->granted());
  places.set_most(0);
  EXPECT_TRUE(third->granted());
}

TEST_F(HandshakePlacesTest, MayEndInEachState) {
  HandshakePlaces places(1);
  auto halfway = place(places);
  halfway->pause();
  auto returning = place(places);
  returning->pause();
  auto granted = place(places);
  returning->resume();
  auto in_line = place(places);
  const auto last = place(places);
  in_line.reset();
  returning.reset();
  halfway.reset();
  EXPECT_EQ(places.halfway(), 0U);
  EXPECT_FALSE(last->granted());
  granted.reset();
  EXPECT_TRUE(last->granted());
  EXPECT_EQ(places.used(), 1U);
}

}  // namespace
}  // namespace weir
