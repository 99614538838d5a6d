#include "server/upstream/wait_queue.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <vector>

#include "tests/unit/server/upstream/upstream_fixture.hpp"

namespace weir {
namespace {

using testing::ElementsAre;

/// Who waits for a backend, and who is served first.
class WaitQueueTest : public UpstreamTest {};

TEST_F(WaitQueueTest, WaitersAreServedInTheOrderInWhichTheyCame) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  Lease one = take().lease;
  Lease two = take().lease;
  const auto first = wait();
  const auto second = wait();
  const auto third = wait();
  EXPECT_EQ(upstream_->waiting(), 3u);
  two.reset();
  const Lease place = taken(*first);
  EXPECT_EQ(place.get(), &backend(1));
  EXPECT_FALSE(second->take());
  EXPECT_EQ(upstream_->waiting(), 2u);
  one.reset();
  EXPECT_EQ(taken(*second).get(), &backend(0));
  EXPECT_TRUE(taken(*third)) << "the second gave its place back at once";
}

TEST_F(WaitQueueTest, NobodyOvertakesThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  const auto waiter = wait();
  only.reset();
  EXPECT_EQ(take().blocked, Blocked::all_full) << "the place is the waiter's, though it has not taken it yet";
  EXPECT_TRUE(taken(*waiter));
}

TEST_F(WaitQueueTest, AWaiterThatGoesPassesItsPlaceOn) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  auto first = wait();
  auto second = wait();
  auto third = wait();
  second.reset();
  EXPECT_EQ(upstream_->waiting(), 2u);
  only.reset();
  first.reset();  // it had been granted the place
  EXPECT_TRUE(taken(*third));
  EXPECT_EQ(upstream_->active(backend(0)), 0u);
}

TEST_F(WaitQueueTest, APlaceThatBecameFreeBeforeTheWaiterQueuedIsNotMissed) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  EXPECT_EQ(take().blocked, Blocked::all_full);
  only.reset();
  EXPECT_TRUE(taken(*wait()));
}

TEST_F(WaitQueueTest, TheQueueIsBounded) {
  config_.servers = {{.max_connections = 1}};
  config_.queue.size = 2;
  make(1);
  const Lease only = take().lease;
  const auto first = wait();
  const auto second = wait();
  EXPECT_TRUE(second->queued());
  EXPECT_FALSE(wait()->queued());
  EXPECT_EQ(upstream_->waiting(), 2u);
}

TEST_F(WaitQueueTest, ASuccessEndsAnEjectionAndServesThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_second = take(0, tried({0})).lease;
  fail(0, 5);
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  upstream_->connected(backend(0), at(1));
  EXPECT_EQ(taken(*waiter).get(), &backend(0));
}

TEST_F(WaitQueueTest, NobodyWaitsForAFullBackendBesideOneWithRoom) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  Lease on_first = take(0, tried({1})).lease;
  const Lease on_second = take(0, tried({0})).lease;
  tried_ = tried({0});
  EXPECT_EQ(take(0, tried_).blocked, Blocked::all_full);
  const auto waiter = wait();
  EXPECT_FALSE(waiter->take());
  on_first.reset();
  const std::optional<Upstream::Pick> outcome = waiter->take();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->blocked, Blocked::all_tried) << "it failed there before, and tries again after its pause";
  EXPECT_EQ(take(0, tried_).blocked, Blocked::all_tried);
  EXPECT_EQ(take().lease.get(), &backend(0)) << "it holds nobody up";
}

TEST_F(WaitQueueTest, AnEjectionWakesNobodyAndItsEndIsToldToWhoWatchesTheTime) {
  config_.servers = {{.max_connections = 1}};
  make(3);
  std::vector<Upstream::Time> told;
  upstream_->on_return([&told](Upstream::Time when) { told.push_back(when); });
  const std::vector<Lease> all = take_all();
  fail(0, 5);
  EXPECT_THAT(told, testing::IsEmpty()) << "nobody waits";
  const auto first = wait();
  const auto second = wait();
  EXPECT_THAT(told, ElementsAre(at(10)));
  fail(1, 5, 1);
  EXPECT_THAT(told, ElementsAre(at(10))) << "the first comes back before";
  EXPECT_EQ(woken(), 0u);
  upstream_->serve_waiting(at(9));
  EXPECT_THAT(told, ElementsAre(at(10), at(10))) << "it is due still";
  upstream_->serve_waiting(at(10));
  EXPECT_THAT(told, ElementsAre(at(10), at(10), at(11)));
}

TEST_F(WaitQueueTest, WhoBeginsToWatchTheTimeIsToldWhatIsDue) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const std::vector<Lease> all = take_all();
  fail(0, 5);
  const auto waiter = wait();
  std::vector<Upstream::Time> told;
  upstream_->on_return([&told](Upstream::Time when) { told.push_back(when); });
  EXPECT_THAT(told, ElementsAre(at(10)));
}

TEST_F(WaitQueueTest, WhoIsServedIsWoken) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  const auto first = wait();
  const auto second = wait();
  only.reset();
  EXPECT_EQ(woken(), 1u);
}

TEST_F(WaitQueueTest, WhoWaitsIsServedWhenAnEjectionIsOver) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_second = take(0, tried({0})).lease;
  fail(0, 5);
  const auto waiter = wait();
  upstream_->serve_waiting(at(9));
  EXPECT_FALSE(waiter->take());
  upstream_->serve_waiting(at(10));
  EXPECT_EQ(taken(*waiter).get(), &backend(0));
}

TEST_F(WaitQueueTest, WhoWaitsForABackupHoldsUpNobodyWhoCanUseThePrimary) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  Lease on_primary = take().lease;
  const Lease on_backup = take(0, tried({0})).lease;
  tried_ = tried({0});
  const auto retry = wait();
  tried_.clear();
  EXPECT_FALSE(retry->take());
  on_primary.reset();
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
  EXPECT_EQ(take().lease.get(), &backend(0));
}

TEST_F(WaitQueueTest, ARetryThatWaitsForABackupIsServedByIt) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_primary = take().lease;
  Lease on_backup = take(0, tried({0})).lease;
  const auto newcomer = wait();
  const TriedBackends primary = tried({0});
  tried_ = primary;
  const auto retry = wait();
  on_backup.reset();
  EXPECT_EQ(taken(*retry).get(), &backend(1)) << "the newcomer before it waits for the primary";
  EXPECT_FALSE(newcomer->take());
}

TEST_F(WaitQueueTest, ARetryMovesOnWhenTheBackendThatItWaitsForGoesDown) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(3);
  std::vector<Lease> primaries;
  primaries.push_back(take().lease);
  primaries.push_back(take().lease);
  tried_ = tried({0});
  const auto retry = wait();
  EXPECT_FALSE(retry->take());
  down(1);
  EXPECT_EQ(taken(*retry).get(), &backend(2));
}

TEST_F(WaitQueueTest, ARetryThatHasNobodyLeftToTryLeavesTheQueue) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  EXPECT_FALSE(retry->take());
  down(1);
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
  EXPECT_EQ(upstream_->waiting(), 0u);
}

TEST_F(WaitQueueTest, ARetryThatHasTriedAllOthersLeavesTheQueueBeforeItsLastAttempt) {
  config_.servers = {{.max_connections = 1}};
  config_.connect.attempts = 3;
  make(3);
  const std::vector<Lease> all = take_all();
  tried_ = tried({0, 1});
  const auto retry = wait();
  EXPECT_FALSE(retry->take());
  down(2);
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
}

TEST_F(WaitQueueTest, ARetryThatHasTriedTheRestLeavesTheQueueWhenTheOtherIsEjected) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const std::vector<Lease> all = take_all();
  tried_ = tried({0});
  const auto retry = wait();
  fail(1, 5);
  EXPECT_EQ(retry->take()->blocked, Blocked::all_tried);
}

TEST_F(WaitQueueTest, ARetryWaitsForAnEarlierBackendThatComesUpFull) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(3);
  const Lease on_first = take(0, tried({1})).lease;
  Lease on_second = take(0, tried({0})).lease;
  Lease on_backup = take(0, tried({0, 1})).lease;
  ASSERT_EQ(on_backup.get(), &backend(2));
  down(1);
  tried_ = tried({0});
  const auto retry = wait();
  upstream_->set_up(backend(1), true, "the test says so", at(0));
  on_backup.reset();
  EXPECT_FALSE(retry->take()) << "there is a backend before the backup that it has not tried";
  on_second.reset();
  EXPECT_EQ(taken(*retry).get(), &backend(1));
}

TEST_F(WaitQueueTest, ARetryThatCameBeforeANewcomerIsServedBeforeIt) {
  config_.servers = {{.max_connections = 1}};
  make(2);
  const Lease on_first = take(0, tried({1})).lease;
  Lease on_second = take(0, tried({0})).lease;
  const TriedBackends first = tried({0});
  tried_ = first;
  const auto retry = wait();
  tried_.clear();
  const auto newcomer = wait();
  on_second.reset();
  EXPECT_FALSE(newcomer->take());
  EXPECT_EQ(taken(*retry).get(), &backend(1));
}

TEST_F(WaitQueueTest, WhoMustWaitAgainIsNotRefusedForThoseWhoCameMeanwhile) {
  config_.servers = {{.max_connections = 1}};
  config_.queue.size = 1;
  make(1);
  Lease only = take().lease;
  WaitQueue::Ticket ticket = 0;
  auto first = wait_with(ticket);
  only.reset();
  only = taken(*first);
  const auto second = wait();
  ASSERT_TRUE(second->queued());
  first = wait_with(ticket);
  EXPECT_TRUE(first->queued());
  EXPECT_FALSE(wait()->queued());
}

TEST_F(WaitQueueTest, WhoMustWaitAgainKeepsItsPlace) {
  config_.servers = {{.max_connections = 1}};
  make(1);
  Lease only = take().lease;
  WaitQueue::Ticket ticket = 0;
  auto first = wait_with(ticket);
  const auto second = wait();
  only.reset();
  Lease got = taken(*first);
  ASSERT_TRUE(got);
  first = wait_with(ticket);
  got.reset();
  EXPECT_TRUE(taken(*first)) << "it comes before the one that came later";
  EXPECT_TRUE(taken(*second));
}

TEST_F(WaitQueueTest, AWaiterThatGoesWakesNobodyForNothing) {
  config_.servers = {{.max_connections = 1}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_primary = take().lease;
  const Lease on_backup = take(0, tried({0})).lease;
  tried_ = tried({0});
  auto head = wait();
  tried_.clear();
  const auto newcomer = wait();
  head.reset();
  EXPECT_EQ(upstream_->waiting(), 1u);
  EXPECT_FALSE(newcomer->take());
}

TEST_F(WaitQueueTest, OneThatGoesDownLetsTheBackupsServeThoseWhoWait) {
  config_.servers = {{.max_connections = 1}};
  make_with_backup(2, 1);
  const Lease only = take().lease;
  const auto waiter = wait();
  EXPECT_FALSE(taken(*waiter));
  down(0);
  EXPECT_EQ(taken(*waiter).get(), &backend(1));
}

}  // namespace
}  // namespace weir
