#include "server/shaping/shaper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace weir {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Shaper::Time;

const Time kNow = io::Clock::now();

faults::Met met(faults::Kind kind, std::string name = "fault") {
  faults::Fault fault;
  fault.name = std::move(name);
  fault.kind = std::move(kind);
  const faults::Lot lot(7, "db", fault.name, 1);
  return {std::make_shared<const faults::Fault>(std::move(fault)), lot};
}

WayTerms terms(std::vector<faults::Met> faults) { return {{}, std::move(faults)}; }
WayTerms terms(faults::Kind kind) { return terms(std::vector{met(std::move(kind))}); }

WayTerms rate(std::uint64_t in, std::uint64_t burst = 0) {
  return {{{std::make_shared<ByteBuckets>(ByteRates{.in = in}, burst), true}}, {}};
}

/// How many bytes pass at one time, of a source that always has more.
std::size_t pass(Shaper& shaper, std::uint64_t& read, Time now, std::size_t most = 1'000'000) {
  std::size_t passed = 0;
  shaper.begin_turn(now);
  while (passed < most) {
    const std::size_t bytes = shaper.may_read(read, most - passed, [] { return std::size_t{1'000'000}; });
    if (bytes == 0) break;
    shaper.did_read(bytes, true);
    read += bytes;
    passed += bytes;
  }
  return passed;
}

TEST(Shaper, WithoutTermsEverythingPasses) {
  Shaper shaper({}, 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow), 1'000'000u);
  EXPECT_EQ(shaper.due(), Time::max());
  EXPECT_TRUE(shaper.is_done());
}

TEST(Shaper, ARateLetsPassWhatItsTimeAllowsAndSaysWhenThereIsMore) {
  Shaper shaper(rate(100'000), 0, kNow);
  std::uint64_t read = 0;
  Time now = kNow;
  while (now < kNow + seconds(2)) {
    pass(shaper, read, now);
    ASSERT_GT(shaper.due(), now);
    ASSERT_LE(shaper.due(), now + milliseconds(50));
    now = shaper.due();
  }
  EXPECT_NEAR(static_cast<double>(read), 200'000, 2'000);
}

/// A thread that comes some milliseconds late makes up for all of them, and not for one portion alone.
TEST(Shaper, AFastRateLosesNothingWhereTheThreadIsLate) {
  Shaper shaper(rate(300'000'000), 0, kNow);
  std::uint64_t read = 0;
  for (Time now = kNow; now < kNow + seconds(1); now += milliseconds(5)) pass(shaper, read, now, 100'000'000);
  EXPECT_NEAR(static_cast<double>(read), 300e6, 3e6);
}

TEST(Shaper, WhoComesLateAfterAPauseGetsNoMoreThanAPortion) {
  Shaper shaper(rate(300'000'000), 0, kNow);
  std::uint64_t read = 0;
  pass(shaper, read, kNow, 100'000'000);
  read = 0;
  pass(shaper, read, kNow + milliseconds(20), 100'000'000);
  EXPECT_LE(read, 2 * ByteBucket::kLargestShare) << "what was booked before it, and one more";
}

TEST(Shaper, TheLeastOfSeveralRatesCounts) {
  WayTerms both = rate(100'000);
  both.rates.push_back(rate(10'000).rates.front());
  both.faults.push_back(met(faults::Bandwidth{50'000}));
  Shaper shaper(std::move(both), 0, kNow);
  std::uint64_t read = 0;
  Time now = kNow;
  for (; now < kNow + seconds(4); now = shaper.due()) pass(shaper, read, now);
  EXPECT_NEAR(static_cast<double>(read), 40'000, 400);
}

/// What one connection has booked and does not use, another one gets.
TEST(Shaper, WhatASourceDoesNotHaveIsGivenBack) {
  const auto shared = std::make_shared<ByteBuckets>(ByteRates{.in = 1'000'000}, 0);
  Shaper first({{{shared, true}}, {}}, 0, kNow);
  first.begin_turn(kNow);
  ASSERT_GT(first.may_read(0, 100'000, [] { return std::size_t{10'000}; }), 0u);
  first.did_read(100, false);
  Shaper second({{{shared, true}}, {}}, 0, kNow);
  second.begin_turn(kNow + microseconds(100));
  EXPECT_GT(second.may_read(0, 100'000, [] { return std::size_t{10'000}; }), 0u);
}

TEST(Shaper, OneThatGoesGivesBackWhatItHadBooked) {
  const auto shared = std::make_shared<ByteBuckets>(ByteRates{.in = 1'000}, 0);
  {
    Shaper first({{{shared, true}}, {}}, 0, kNow);
    first.begin_turn(kNow);
    ASSERT_GT(first.may_read(0, 100'000, [] { return std::size_t{10'000}; }), 0u);
  }
  EXPECT_EQ(shared->in.book(1, kNow), kNow);
}

TEST(Shaper, AFaultsRateHasNoBurst) {
  Shaper shaper(terms(faults::Bandwidth{50'000}), 0, kNow);
  std::uint64_t read = 0;
  for (const Time now : {kNow, kNow + seconds(5)}) {
    EXPECT_EQ(pass(shaper, read, now), 1000u) << "what passes in 20 ms";
    EXPECT_EQ(shaper.due(), now + milliseconds(20));
    shaper.did_read(0, false);  // the source has no more, until after a pause
  }
}

TEST(Shaper, ARateOfZeroLetsNothingPass) {
  Shaper shaper(terms(faults::Bandwidth{0}), 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow), 0u);
  EXPECT_EQ(shaper.due(), Time::max());
}

TEST(Shaper, AStallBeginsAtItsPlaceAndEndsAfterItsTime) {
  Shaper shaper(terms(faults::Stall{.after = 1000, .duration = milliseconds(200)}), 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow), 1000u);
  EXPECT_EQ(shaper.due(), kNow + milliseconds(200));
  EXPECT_EQ(pass(shaper, read, kNow + milliseconds(199)), 0u);
  EXPECT_EQ(pass(shaper, read, kNow + milliseconds(200)), 1'000'000u);
}

TEST(Shaper, AStallComesAgainEverySoManyBytes) {
  Shaper shaper(terms(faults::Stall{.after = 10, .duration = milliseconds(1), .every = 100}), 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow), 10u);
  EXPECT_EQ(pass(shaper, read, kNow + milliseconds(1)), 100u);
  EXPECT_EQ(pass(shaper, read, kNow + milliseconds(2)), 100u);
}

/// However the stream is read, it stops at the same places.
TEST(Shaper, StallsByChanceStandAtTheSamePlacesHoweverItIsRead) {
  const faults::Met stall =
      met(faults::Stall{.after = 0, .duration = milliseconds(1), .every = 100, .probability = 0.3});
  const auto places = [&stall](std::size_t most) {
    Shaper shaper(terms({stall}), 0, kNow);
    std::vector<std::uint64_t> stops;
    std::uint64_t read = 0;
    Time now = kNow;
    while (read < 100'000) {
      if (pass(shaper, read, now, most) < most && (stops.empty() || stops.back() != read)) stops.push_back(read);
      now += milliseconds(1);
    }
    return stops;
  };
  const auto whole = places(1'000'000);
  EXPECT_GT(whole.size(), 200u);
  std::vector<std::uint64_t> in_pieces = places(37);
  in_pieces.resize(std::min(in_pieces.size(), whole.size()));
  EXPECT_EQ(in_pieces, std::vector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(in_pieces.size())));
}

TEST(Shaper, AStallWithoutTimeStaysAndAHalfOpenOneToo) {
  for (const faults::Kind& kind : {faults::Kind(faults::Stall{}), faults::Kind(faults::HalfOpen{})}) {
    Shaper shaper(terms(kind), 0, kNow);
    std::uint64_t read = 0;
    EXPECT_EQ(pass(shaper, read, kNow + std::chrono::hours(1)), 0u);
    shaper.renew({}, read, kNow);
    EXPECT_EQ(pass(shaper, read, kNow), 1'000'000u) << "once the fault has gone";
  }
}

TEST(Shaper, AResetAfterBytesLetsExactlyThesePass) {
  Shaper shaper(terms(faults::Reset{.after_bytes = 1234, .after = {}}), 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow, 1000), 1000u);
  EXPECT_FALSE(shaper.cut(read, 0));
  EXPECT_EQ(pass(shaper, read, kNow), 234u);
  EXPECT_FALSE(shaper.cut(read, 1)) << "not before all of it was written";
  EXPECT_EQ(shaper.cut(read, 0), Shaper::Cut::reset_delivered);
}

TEST(Shaper, AResetAfterATimeComesThenWhateverIsUnderWay) {
  Shaper shaper(terms(faults::Reset{.after_bytes = {}, .after = milliseconds(50)}), 0, kNow);
  std::uint64_t read = 0;
  EXPECT_EQ(pass(shaper, read, kNow), 1'000'000u);
  EXPECT_EQ(shaper.due(), kNow + milliseconds(50));
  EXPECT_FALSE(shaper.cut(read, 10));
  EXPECT_EQ(pass(shaper, read, kNow + milliseconds(50)), 0u);
  EXPECT_EQ(shaper.cut(read, 10), Shaper::Cut::reset);
}

TEST(Shaper, AnEndAfterATimeComesOnceWhatWasReadIsWritten) {
  Shaper shaper(terms(faults::End{.after_bytes = {}, .after = milliseconds(50)}), 0, kNow);
  std::uint64_t read = 0;
  pass(shaper, read, kNow + milliseconds(50));
  EXPECT_FALSE(shaper.cut(read, 10));
  EXPECT_EQ(shaper.cut(read, 0), Shaper::Cut::end);
}

TEST(Shaper, AResetWithoutTermsComesAtOnce) {
  Shaper shaper(terms(faults::Reset{}), 500, kNow);
  shaper.begin_turn(kNow);
  EXPECT_EQ(shaper.cut(500, 0), Shaper::Cut::reset);
}

/// Places count from where the fault came, so a connection that is old already is not cut at once.
TEST(Shaper, PlacesCountFromWhereTheFaultCame) {
  Shaper shaper(terms(faults::End{.after_bytes = 100, .after = {}}), 1'000'000, kNow);
  std::uint64_t read = 1'000'000;
  EXPECT_EQ(pass(shaper, read, kNow), 100u);
  EXPECT_EQ(shaper.cut(read, 0), Shaper::Cut::end);
}

TEST(Shaper, AFaultThatStaysKeepsWhatItHasComeTo) {
  const faults::Met end = met(faults::End{.after_bytes = 100, .after = {}}, "end");
  Shaper shaper(terms({end}), 0, kNow);
  std::uint64_t read = 0;
  pass(shaper, read, kNow, 60);
  shaper.renew(terms({met(faults::Latency{.delay = milliseconds(1)}, "slow"), end}), read, kNow);
  EXPECT_EQ(pass(shaper, read, kNow), 40u);
}

TEST(Shaper, LatenciesAddUp) {
  Shaper shaper(terms({met(faults::Latency{.delay = milliseconds(20)}, "a"),
                       met(faults::Latency{.delay = milliseconds(30)}, "b")}),
                0, kNow);
  EXPECT_TRUE(shaper.delays());
  shaper.begin_turn(kNow);
  EXPECT_EQ(shaper.release_at(0), kNow + milliseconds(50));
}

TEST(Shaper, JitterIsDrawnByThePlaceInTheStream) {
  const faults::Met slow = met(faults::Latency{milliseconds(50), milliseconds(10), faults::Distribution::uniform});
  Shaper shaper(terms({slow}), 0, kNow);
  shaper.begin_turn(kNow);
  for (std::uint64_t place = 0; place < 1000; place += 100) {
    EXPECT_EQ(shaper.release_at(place),
              kNow + faults::delay_at(std::get<faults::Latency>(slow.fault->kind), slow.lot, place));
  }
}

TEST(Shaper, LatencyThatIsTakenAwayReleasesWhatWaits) {
  Shaper shaper(terms(faults::Latency{.delay = seconds(10)}), 0, kNow);
  const std::vector<std::byte> some(10);
  shaper.line().push(some, kNow + seconds(10));
  shaper.renew({}, 10, kNow + seconds(1));
  EXPECT_TRUE(shaper.delays()) << "until it is written";
  EXPECT_EQ(shaper.line().release(), kNow + seconds(1));
  EXPECT_FALSE(shaper.is_done());
  shaper.line().pop(10);
  EXPECT_TRUE(shaper.is_done());
}

TEST(Shaper, SlicesHaveTheirSizeAndTheirPause) {
  Shaper shaper(terms(faults::Slice{.size = 10, .variation = 0, .delay = milliseconds(5)}), 0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_EQ(shaper.may_write(0, 1000), 10u);
  shaper.did_write(4);
  EXPECT_EQ(shaper.may_write(4, 1000), 6u) << "the socket took a part of the slice";
  shaper.did_write(10);
  EXPECT_EQ(shaper.may_write(10, 1000), 0u);
  EXPECT_EQ(shaper.due(), kNow + milliseconds(5));
  shaper.begin_turn(kNow + milliseconds(5));
  EXPECT_EQ(shaper.may_write(10, 1000), 10u);
}

TEST(Shaper, WhatSeveralSliceEndsWhereOneOfThemDoes) {
  Shaper shaper(terms({met(faults::Slice{.size = 1000, .variation = 0, .delay = {}}, "large"),
                       met(faults::Slice{.size = 10, .variation = 0, .delay = milliseconds(5)}, "small")}),
                0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_EQ(shaper.may_write(0, 5000), 10u);
  shaper.did_write(10);
  EXPECT_EQ(shaper.may_write(10, 5000), 0u);
}

TEST(Shaper, DelaysThatAddUpToMoreThanATimeCanHoldAreLongAllTheSame) {
  std::vector<faults::Met> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(met(faults::Latency{.delay = std::chrono::hours(87'600)}, std::to_string(i)));
  }
  Shaper shaper(terms(many), 0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_GT(shaper.release_at(0), kNow + std::chrono::hours(80'000));
}

/// A delay that was set too long by mistake can be corrected for what is held back already.
TEST(Shaper, AShorterLatencyReleasesWhatALongerOneHolds) {
  Shaper shaper(terms(faults::Latency{.delay = std::chrono::hours(1)}), 0, kNow);
  const std::vector<std::byte> some(10);
  shaper.line().push(some, kNow + std::chrono::hours(1));
  shaper.renew(terms(faults::Latency{.delay = milliseconds(10)}), 10, kNow);
  EXPECT_EQ(shaper.line().release(), kNow + milliseconds(10));
}

TEST(Shaper, AStallThatWasPassedStillStops) {
  Shaper shaper(terms(faults::Stall{.after = 10}), 0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_EQ(shaper.may_read(12, 1000, [] { return std::size_t{1000}; }), 0u);
}

TEST(Shaper, ASlowCloseHoldsTheEndBack) {
  Shaper shaper(terms(faults::SlowClose{milliseconds(300)}), 0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_FALSE(shaper.may_end(10));
  EXPECT_EQ(shaper.due(), kNow + milliseconds(300));
  shaper.begin_turn(kNow + milliseconds(300));
  EXPECT_TRUE(shaper.may_end(10));
}

TEST(Shaper, TheEndIsAsLateAsTheBytes) {
  Shaper shaper(terms(faults::Latency{.delay = milliseconds(50)}), 0, kNow);
  shaper.begin_turn(kNow);
  EXPECT_FALSE(shaper.may_end(0));
  EXPECT_EQ(shaper.due(), kNow + milliseconds(50));
}

/// The delay of a FIN begins when it comes, not when the bytes before it have gone.
TEST(Shaper, TheEndIsDelayedOnceAlthoughBytesBeforeItAreStillHeldBack) {
  Shaper shaper(terms(faults::Latency{.delay = milliseconds(50)}), 0, kNow);
  shaper.begin_turn(kNow);
  shaper.note_end();
  shaper.begin_turn(kNow + milliseconds(50));
  EXPECT_TRUE(shaper.may_end(10));
}

TEST(Shaper, ASlowCloseThatIsTakenAwayHoldsNothingBack) {
  Shaper shaper(terms(faults::SlowClose{seconds(300)}), 0, kNow);
  shaper.begin_turn(kNow);
  ASSERT_FALSE(shaper.may_end(10));
  shaper.renew({}, 10, kNow + seconds(1));
  shaper.begin_turn(kNow + seconds(1));
  EXPECT_TRUE(shaper.may_end(10));
}

TEST(Shaper, ExactlyTheDrawnBitsAreTurnedHoweverItIsRead) {
  const faults::Met corrupt = met(faults::Corrupt{100});
  const auto changed = [&corrupt](std::size_t piece) {
    Shaper shaper(terms({corrupt}), 0, kNow);
    std::vector<std::byte> bytes(10'000);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      shaper.change(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)), at);
    }
    return bytes;
  };
  std::vector<std::byte> expected(10'000);
  for (std::uint64_t block = 0; block < 100; ++block) {
    const faults::TurnedBit turned = faults::turned_bit({100}, corrupt.lot, block);
    expected[turned.place] = static_cast<std::byte>(turned.mask);
  }
  EXPECT_EQ(changed(10'000), expected);
  EXPECT_EQ(changed(1), expected);
  EXPECT_EQ(changed(333), expected);
}

TEST(Shaper, TheTimeOfAnEndIsDueAlthoughThereIsNothingToRead) {
  for (const faults::Kind& kind : {faults::Kind(faults::Reset{.after_bytes = {}, .after = seconds(1)}),
                                   faults::Kind(faults::End{.after_bytes = {}, .after = seconds(1)})}) {
    Shaper shaper(terms(kind), 0, kNow);
    shaper.begin_turn(kNow);
    EXPECT_EQ(shaper.cut(0, 0), std::nullopt);
    EXPECT_EQ(shaper.due(), kNow + seconds(1));
    shaper.begin_turn(kNow + seconds(1));
    EXPECT_NE(shaper.cut(0, 0), std::nullopt);
    EXPECT_EQ(shaper.due(), Time::max());
  }
}

TEST(Shaper, AFinWaitsOnWhenAnotherFaultComesOrGoes) {
  const faults::Met slow = met(faults::SlowClose{seconds(2)}, "slow");
  Shaper shaper(terms({slow}), 0, kNow);
  shaper.begin_turn(kNow);
  ASSERT_FALSE(shaper.may_end(0));
  shaper.renew(terms({slow, met(faults::Corrupt{}, "other")}), 0, kNow + seconds(1));
  shaper.begin_turn(kNow + seconds(1));
  EXPECT_FALSE(shaper.may_end(0));
  EXPECT_EQ(shaper.due(), kNow + seconds(2));
  shaper.renew(terms({met(faults::Corrupt{}, "other")}), 0, kNow + seconds(1));
  shaper.begin_turn(kNow + seconds(1));
  EXPECT_TRUE(shaper.may_end(0));
}

TEST(Shaper, WithoutItsLatencyALineIsReleasedThoughOtherFaultsGoOn) {
  const faults::Met corrupt = met(faults::Corrupt{}, "corrupt");
  Shaper shaper(terms({met(faults::Latency{.delay = seconds(9)}), corrupt}), 0, kNow);
  shaper.begin_turn(kNow);
  shaper.line().push(std::vector<std::byte>(3), shaper.release_at(0));
  shaper.renew(terms({corrupt}), 3, kNow + seconds(1));
  EXPECT_EQ(shaper.line().release(), kNow + seconds(1));
}

TEST(Shaper, ANewSliceCutsShortTheOneBeforeIt) {
  Shaper shaper(terms(faults::Slice{.size = 1'000'000}), 0, kNow);
  shaper.begin_turn(kNow);
  ASSERT_EQ(shaper.may_write(0, 500), 500u);
  shaper.did_write(500);
  shaper.renew(terms(faults::Slice{.size = 10}), 500, kNow);
  EXPECT_EQ(shaper.may_write(500, 500), 10u);
}

}  // namespace
}  // namespace weir
