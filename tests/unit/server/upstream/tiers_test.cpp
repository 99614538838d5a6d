#include "server/upstream/tiers.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "tests/unit/server/upstream/upstream_fixture.hpp"

namespace weir {
namespace {

using std::chrono::seconds;

/// Who may be picked of an upstream's backends.
class TiersTest : public UpstreamTest {};

TEST_F(TiersTest, TriesDistinctBackendsAndSaysWhenAllWereTried) {
  make(3);
  TriedBackends done;
  for (int i = 0; i < 3; ++i) {
    const Upstream::Pick pick = take(0, done);
    ASSERT_TRUE(pick.lease);
    EXPECT_EQ(std::count(done.begin(), done.end(), pick.lease->shared_from_this()), 0);
    done.push_back(pick.lease->shared_from_this());
  }
  EXPECT_EQ(take(0, done).blocked, Blocked::all_tried);
}

TEST_F(TiersTest, AFullBackendIsPassedOverAndAllFullIsSaid) {
  config_.servers = {{.max_connections = 2}};
  make(2);
  std::vector<Lease> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(take().lease);
  EXPECT_EQ(upstream_->active(backend(0)), 2u);
  EXPECT_EQ(upstream_->active(backend(1)), 2u);
  EXPECT_EQ(take().blocked, Blocked::all_full);
  leases.pop_back();
  EXPECT_TRUE(take().lease);
}

TEST_F(TiersTest, BackupsServeOnlyWhenNoOtherIsUp) {
  make_with_backup(3, 2);
  for (int i = 0; i < 10; ++i) EXPECT_NE(take().lease.get(), &backend(2));
  down(0);
  EXPECT_EQ(take().lease.get(), &backend(1));
  down(1);
  EXPECT_EQ(take().lease.get(), &backend(2));
  upstream_->set_up(backend(1), true, "the test says so", at(0));
  EXPECT_EQ(take().lease.get(), &backend(1));
}

TEST_F(TiersTest, AConnectionThatHasTriedAllOthersGetsABackup) {
  make_with_backup(2, 1);
  EXPECT_EQ(take(0, tried({0})).lease.get(), &backend(1));
}

TEST_F(TiersTest, FullBackendsDoNotBringTheBackupsIn) {
  config_.servers = {{.max_connections = 1}};
  make_with_backup(2, 1);
  const Lease only = take().lease;
  EXPECT_EQ(take().blocked, Blocked::all_full);
}

TEST_F(TiersTest, WhoCanHaveNoOtherPlaceGetsASpareOneOnABackup) {
  config_.servers = {{.max_connections = 1}};
  make_with_backup(3, 1);
  const auto spare = [&](const TriedBackends& tried = {}) { return upstream_->take_spare(0, tried, at(0)); };
  const Lease first = spare().lease;
  EXPECT_NE(first.get(), &backend(1)) << "no backup while another has room";
  const Lease second = spare().lease;
  EXPECT_NE(second.get(), &backend(1));
  EXPECT_EQ(take().blocked, Blocked::all_full);
  EXPECT_EQ(spare(tried({1})).blocked, Blocked::all_full) << "it has tried the backup";
  const Lease third = spare().lease;
  EXPECT_EQ(third.get(), &backend(1));
  EXPECT_EQ(spare().blocked, Blocked::all_full);
}

TEST_F(TiersTest, ABackendThatFailsIsLeftOutForAWhile) {
  make(2);
  fail(0, 5);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take(9).lease.get(), &backend(1));
  std::vector<const Backend*> picked;
  for (int i = 0; i < 2; ++i) picked.push_back(take(10).lease.get());
  EXPECT_NE(picked[0], picked[1]);
}

TEST_F(TiersTest, ASuccessMakesABackendAsGoodAsNew) {
  make(2);
  for (int i = 0; i < 10; ++i) {
    fail(0, 4);
    upstream_->connected(backend(0), at(0));
  }
  EXPECT_NE(take().lease.get(), take().lease.get()) << "neither is left out";
}

TEST_F(TiersTest, TheLastUsableBackendIsNeverLeftOut) {
  make(2);
  fail(0, 5);
  fail(1, 50);
  EXPECT_EQ(take(1).lease.get(), &backend(1));
  down(1);
  EXPECT_EQ(take(1).lease.get(), &backend(0)) << "an ejected backend is better than none";
}

TEST_F(TiersTest, OneThatComesBackWithoutSlowStartHasItsWholeShareAtOnce) {
  make(2);
  fail(0, 5);
  upstream_->connected(backend(0), at(0));
  int first = 0;
  for (int i = 0; i < 100; ++i) first += take(0).lease.get() == &backend(0) ? 1 : 0;
  EXPECT_EQ(first, 50);
}

TEST_F(TiersTest, WhoHasTriedThePrimaryWaitsForNoFullBackupBesideIt) {
  config_.servers = {{}, {.max_connections = 1, .backup = true}};
  make(2);
  const Lease on_backup = take(0, tried({0})).lease;
  ASSERT_EQ(on_backup.get(), &backend(1));
  EXPECT_EQ(take(0, tried({0})).blocked, Blocked::all_tried) << "it begins anew, for the primary has room";
}

TEST_F(TiersTest, OneThatIsFoundUpIsNoLongerEjected) {
  make(2);
  fail(0, 5);
  down(0);
  upstream_->set_up(backend(0), true, "the test says so", at(1));
  EXPECT_NE(take(1).lease.get(), take(1).lease.get());
}

/// How many of a thousand connections the first of two backends gets.
class SlowStart : public TiersTest {
 protected:
  void SetUp() override {
    config_.slow_start = seconds(100);
    make(2);
  }
  int share(int second) {
    int first = 0;
    for (int i = 0; i < 1000; ++i) first += take(second).lease.get() == &backend(0) ? 1 : 0;
    return first;
  }
};

TEST_F(SlowStart, BeginsWhereTheEjectionEnds) {
  fail(0, 5);
  EXPECT_EQ(share(9), 0);
  EXPECT_NEAR(share(10), 10, 5);
  EXPECT_NEAR(share(60), 333, 10);
  EXPECT_NEAR(share(110), 500, 1);
}

TEST_F(SlowStart, BeginsAtASuccessThatEndsTheEjection) {
  fail(0, 5);
  upstream_->connected(backend(0), at(1));
  EXPECT_NEAR(share(1), 10, 5);
  EXPECT_NEAR(share(51), 333, 10);
  EXPECT_NEAR(share(101), 500, 1);
}

TEST_F(SlowStart, EndsEachTimeThatOneComesBack) {
  for (const int second : {0, 200}) {
    down(0);
    upstream_->set_up(backend(0), true, "the test says so", at(second));
    EXPECT_NEAR(share(second), 10, 5);
    EXPECT_NEAR(share(second + 100), 500, 1);
  }
}

TEST_F(SlowStart, BringsTheShareLittleByLittle) {
  down(0);
  upstream_->set_up(backend(0), true, "the test says so", at(0));
  EXPECT_NEAR(share(0), 10, 5);
  EXPECT_NEAR(share(25), 200, 10);
  EXPECT_NEAR(share(50), 333, 10);
  EXPECT_NEAR(share(75), 429, 10);
  EXPECT_NEAR(share(98), 495, 2) << "not its whole share yet";
  EXPECT_NEAR(share(100), 500, 1);
  EXPECT_NEAR(share(1000), 500, 1);
}

}  // namespace
}  // namespace weir
