#include "server/admission/admission.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir {
namespace {

using std::chrono::seconds;

const io::Clock::time_point kStart = io::Clock::now();

TEST(Admission, HasRoomForItsLimitAndNoMore) {
  Admission admission({2});
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
  EXPECT_EQ(admission.totals().active, 2u);
  admission.leave(1, false);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
}

TEST(Admission, CountsDescriptorsWhereTheyAreLimited) {
  Admission admission({ProcessLimits::kNone, 5});
  EXPECT_EQ(admission.enter(2, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(2, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(2, kStart).refused, SessionEnd::refused_limit);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt) << "there is one left";
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
  EXPECT_EQ(admission.totals().active, 3u);
  EXPECT_EQ(admission.totals().descriptors, 5u);
  admission.leave(2, false);
  admission.withdraw(1);
  EXPECT_EQ(admission.totals().descriptors, 2u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
}

TEST(Admission, ANewLimitThatIsExceededRefusesUntilEnoughHaveLeft) {
  Admission admission({});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  admission.set_limits({ProcessLimits::kNone, 3}, {});
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
  admission.leave(1, false);
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
  admission.leave(1, false);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
}

TEST(Admission, EnforcesTheConnectionRate) {
  Admission admission({100}, {2, seconds(1)});
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_rate);
  EXPECT_EQ(admission.totals().active, 2u);
  EXPECT_EQ(admission.enter(1, kStart + seconds(1)).refused, std::nullopt);
}

TEST(Admission, WhoFindsNoRoomUsesUpNoneOfTheRate) {
  Admission admission({1}, {2, seconds(1)});
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(admission.enter(1, kStart).refused, SessionEnd::refused_limit);
  admission.leave(1, false);
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
}

TEST(Admission, NumbersAscendWhetherRefusedOrNot) {
  Admission admission({1});
  EXPECT_EQ(admission.enter(1, kStart).id, 1u);
  EXPECT_EQ(admission.enter(1, kStart).id, 2u) << "refused";
  EXPECT_EQ(admission.next_id(), 3u);
  admission.leave(1, false);
  EXPECT_EQ(admission.enter(1, kStart).id, 4u);
}

TEST(Admission, WithdrawnConnectionLeavesItsPlaceAndNoTrace) {
  Admission admission({1});
  EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  admission.begin_drain();
  admission.withdraw(1);
  EXPECT_EQ(admission.totals().active, 0u);
  EXPECT_EQ(admission.totals().ended, 0u);
  EXPECT_EQ(admission.totals().cut, 0u);
}

TEST(Admission, DrainCountsWhoEndedByThemselvesAndWhoWasCutSinceItBegan) {
  Admission admission({10});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(admission.enter(1, kStart).refused, std::nullopt);
  admission.leave(1, false);
  EXPECT_FALSE(admission.draining());
  admission.begin_drain();
  EXPECT_TRUE(admission.draining());
  admission.leave(1, false);
  admission.leave(1, true);
  admission.leave(1, true);
  EXPECT_EQ(admission.totals().active, 0u);
  EXPECT_EQ(admission.totals().ended, 1u);
  EXPECT_EQ(admission.totals().cut, 2u);
}

TEST(Admission, IsExactOverThreads) {
  constexpr std::uint64_t kLimit = 50;
  Admission admission({kLimit});
  std::atomic<std::uint64_t> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) admitted += admission.enter(1, kStart).refused ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, kLimit);
  EXPECT_EQ(admission.next_id(), 4001u);
}

}  // namespace
}  // namespace weir
