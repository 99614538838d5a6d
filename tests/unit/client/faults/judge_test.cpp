#include "client/faults/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/faults/bounds.hpp"
#include "server/observe/session_record.hpp"

namespace weir::load {
namespace {

using faults::Fault;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Verdict = FaultFinding::Verdict;

const Sight::Time kBegan{std::chrono::seconds(1000)};

std::shared_ptr<const Fault> fault(faults::Kind kind, double percent = 100, faults::Way way = faults::Way::downstream) {
  Fault made;
  made.name = "it";
  made.percent = percent;
  made.way = way;
  made.kind = std::move(kind);
  return std::make_shared<const Fault>(std::move(made));
}

Announcement announce(std::shared_ptr<const Fault> fault) { return {7, "db", {std::move(fault)}, std::nullopt}; }

/// A connection that sends messages of so many bytes, each answered after so long.
class Seen {
 public:
  Seen() { sight_.began = kBegan; }

  Seen& exchange(std::uint64_t length, milliseconds after) {
    send(length);
    return answer(length, after);
  }
  Seen& send(std::uint64_t length) {
    sight_.messages.push_back({sight_.sent(), length, now_});
    return *this;
  }
  Seen& answer(std::uint64_t length, milliseconds after) {
    now_ += after;
    sight_.arrivals.push_back({sight_.came(), length, now_});
    return *this;
  }
  Seen& finish(milliseconds after) {
    sight_.fin_sent = now_;
    return end(Sight::End::fin, after);
  }
  Seen& end(Sight::End end, milliseconds after) {
    now_ += after;
    sight_.end = end;
    sight_.ended = now_;
    return *this;
  }
  Seen& wait(milliseconds time) {
    now_ += time;
    sight_.ended = now_;
    return *this;
  }
  Seen& give_up(milliseconds time) {
    sight_.gave_up = true;
    return wait(time);
  }
  Seen& turn(std::uint64_t place, std::uint8_t mask) {
    sight_.turned.push_back({place, mask});
    return *this;
  }

  Judgement judged(const std::shared_ptr<const Fault>& fault, FaultPath path = FaultPath::echo) const {
    const Announcement announcement = announce(fault);
    const faults::FaultSet set(announcement.seed, announcement.listener, announcement.faults);
    return judge(announcement, set, path, who_is(1, std::nullopt), sight_);
  }
  /// What it says of a fault that the connection is to meet, or to be spared of (`percent` 0).
  Verdict says(faults::Kind kind, double percent = 100) const {
    return judged(fault(std::move(kind), percent)).findings.front().verdict;
  }

 private:
  Sight sight_;
  Sight::Time now_ = kBegan;
};

TEST(JudgedFaults, ARequestThatIsAnsweredInTimeSaysNothingOfWhatComesLater) {
  const Seen seen = Seen().exchange(60, milliseconds(1)).finish(milliseconds(1));
  EXPECT_EQ(seen.says(faults::Reset{60, {}}), Verdict::unchecked);
  EXPECT_EQ(seen.says(faults::Stall{.after = 61}), Verdict::unchecked);
  EXPECT_THAT(seen.judged(fault(faults::Reset{60, {}})).mismatches, IsEmpty());
}

TEST(JudgedFaults, AReplyIsNotEarlierThanItsLatency) {
  const faults::Latency latency{milliseconds(50), milliseconds(0), faults::Distribution::constant};
  EXPECT_EQ(Seen().exchange(60, milliseconds(50)).says(latency), Verdict::agrees);
  EXPECT_EQ(Seen().exchange(60, milliseconds(49)).says(latency), Verdict::wrong);
}

TEST(JudgedFaults, ALatencyOfBothWaysCountsTwiceBeforeAProxy) {
  const auto both = fault(faults::Latency{milliseconds(50), {}, {}}, 100, faults::Way::both);
  const Seen seen = Seen().exchange(60, milliseconds(70));
  EXPECT_EQ(seen.judged(both).findings.front().verdict, Verdict::agrees);
  EXPECT_EQ(seen.judged(both, FaultPath::proxy).findings.front().verdict, Verdict::wrong);
}

TEST(JudgedFaults, OneEarlyReplyShowsThatAConnectionIsSpared) {
  const faults::Latency latency{milliseconds(50), {}, {}};
  Seen seen;
  seen.exchange(60, milliseconds(60)).exchange(60, milliseconds(60));
  EXPECT_EQ(seen.says(latency, 0), Verdict::unchecked);  // chance, perhaps
  EXPECT_EQ(Seen(seen).exchange(60, milliseconds(60)).says(latency, 0), Verdict::wrong);
  EXPECT_EQ(seen.exchange(60, milliseconds(49)).says(latency, 0), Verdict::agrees);
}

TEST(JudgedFaults, ADelayThatIsTooShortToBeNoticedIsNotHeldAgainstASlowMachine) {
  Seen seen;
  for (int i = 0; i < 20; ++i) seen.exchange(60, milliseconds(30));
  EXPECT_EQ(seen.says(faults::Latency{milliseconds(10), {}, {}}, 0), Verdict::unchecked);
}

TEST(JudgedFaults, AByteBehindAStallComesWhenItIsOver) {
  const faults::Stall stall{.after = 100, .duration = milliseconds(300)};
  Seen begun;
  begun.exchange(60, milliseconds(1)).send(60).answer(40, milliseconds(1));
  EXPECT_EQ(Seen(begun).answer(20, milliseconds(299)).says(stall), Verdict::agrees);
  EXPECT_EQ(Seen(begun).answer(20, milliseconds(298)).says(stall), Verdict::wrong);
  EXPECT_EQ(Seen(begun).answer(20, milliseconds(298)).says(stall, 0), Verdict::agrees);
}

TEST(JudgedFaults, AStallThatRepeatsAddsUp) {
  const faults::Stall stall{.after = 10, .duration = milliseconds(100), .every = 20};
  EXPECT_EQ(Seen().exchange(60, milliseconds(300)).says(stall), Verdict::agrees);  // at 10, 30 and 50
  EXPECT_EQ(Seen().exchange(60, milliseconds(299)).says(stall), Verdict::wrong);
}

TEST(JudgedFaults, NothingPassesAStallForGood) {
  const faults::Stall stall{.after = 100};
  Seen begun;
  begun.exchange(60, milliseconds(1)).send(60).answer(40, milliseconds(1));
  EXPECT_EQ(Seen(begun).wait(milliseconds(100)).says(stall), Verdict::unchecked);
  EXPECT_EQ(Seen(begun).give_up(milliseconds(300)).says(stall), Verdict::agrees);
  EXPECT_EQ(Seen(begun).answer(1, milliseconds(5000)).says(stall), Verdict::wrong);
  EXPECT_EQ(Seen(begun).give_up(milliseconds(300)).says(stall, 0), Verdict::wrong);
}

TEST(JudgedFaults, SlicesAreWaitedFor) {
  const faults::Slice slice{.size = 20, .delay = milliseconds(5)};
  EXPECT_EQ(Seen().exchange(60, milliseconds(10)).says(slice), Verdict::agrees);
  EXPECT_EQ(Seen().exchange(60, milliseconds(9)).says(slice), Verdict::wrong);
  EXPECT_EQ(Seen().exchange(60, milliseconds(9)).says(faults::Slice{.size = 20}), Verdict::unchecked);
}

TEST(JudgedFaults, ARateIsNotExceeded) {
  const faults::Bandwidth bandwidth{100'000};
  // 4,000 bytes may come at once, and the rest within 560 ms.
  EXPECT_EQ(Seen().exchange(60'000, milliseconds(560)).says(bandwidth), Verdict::agrees);
  EXPECT_EQ(Seen().exchange(60'000, milliseconds(550)).says(bandwidth), Verdict::wrong);
  EXPECT_EQ(Seen().exchange(60'000, milliseconds(550)).says(bandwidth, 0), Verdict::agrees);
}

TEST(JudgedFaults, AFinIsNotEarlierThanASlowClose) {
  const faults::SlowClose slow{milliseconds(200)};
  Seen begun;
  begun.exchange(60, milliseconds(1));
  EXPECT_EQ(Seen(begun).finish(milliseconds(200)).says(slow), Verdict::agrees);
  EXPECT_EQ(Seen(begun).finish(milliseconds(199)).says(slow), Verdict::wrong);
  EXPECT_EQ(Seen(begun).finish(milliseconds(199)).says(slow, 0), Verdict::agrees);
  EXPECT_EQ(Seen(begun).finish(milliseconds(200)).says(slow, 0), Verdict::wrong);
}

TEST(JudgedFaults, ACutComesAfterExactlyItsBytesAndNotBeforeItsTime) {
  const faults::Reset bytes{60, {}};
  Seen begun;
  begun.send(61).answer(60, milliseconds(1));
  EXPECT_EQ(Seen(begun).end(Sight::End::rst, milliseconds(1)).says(bytes), Verdict::agrees);
  EXPECT_EQ(Seen(begun).end(Sight::End::fin, milliseconds(1)).says(bytes), Verdict::wrong);
  EXPECT_EQ(Seen(begun).give_up(milliseconds(5000)).says(bytes), Verdict::wrong);
  EXPECT_EQ(Seen(begun).answer(1, milliseconds(1)).says(bytes), Verdict::wrong);
  EXPECT_EQ(Seen(begun).answer(1, milliseconds(1)).says(bytes, 0), Verdict::agrees);
  const faults::End time{{}, milliseconds(100)};
  EXPECT_EQ(Seen(begun).end(Sight::End::fin, milliseconds(99)).says(time), Verdict::agrees);
  EXPECT_EQ(Seen(begun).end(Sight::End::fin, milliseconds(98)).says(time), Verdict::wrong);
}

TEST(JudgedFaults, AnUpstreamCutOfAProxyLetsNoMoreBytesBack) {
  const auto cut = fault(faults::Reset{60, {}}, 100, faults::Way::upstream);
  const auto verdict = [&cut](const Seen& seen) { return seen.judged(cut, FaultPath::proxy).findings.front().verdict; };
  EXPECT_EQ(verdict(Seen().send(61).answer(20, milliseconds(1)).end(Sight::End::rst, milliseconds(1))),
            Verdict::agrees);
  EXPECT_EQ(verdict(Seen().send(61).answer(61, milliseconds(1)).end(Sight::End::rst, milliseconds(1))), Verdict::wrong);
}

TEST(JudgedFaults, AnEndThatNobodyAnnouncedIsTold) {
  const Judgement judgement = Seen()
                                  .send(60)
                                  .answer(30, milliseconds(1))
                                  .end(Sight::End::rst, milliseconds(1))
                                  .judged(fault(faults::Corrupt{.per_bytes = 1000}, 0));
  ASSERT_EQ(judgement.mismatches.size(), 1U);
  EXPECT_EQ(judgement.mismatches.front().announced, "no such end");
  EXPECT_THAT(judgement.mismatches.front().seen, HasSubstr("a RST after 30 bytes"));
}

TEST(JudgedFaults, ExactlyTheAnnouncedBitsAreTurned) {
  const faults::Corrupt corrupt{.per_bytes = 1000};
  const auto announced = announce(fault(corrupt));
  const faults::TurnedBit bit =
      faults::turned_bit(corrupt, lot_of(announced, announced.faults.front(), who_is(1, std::nullopt)).lot, 0);
  Seen begun;
  begun.exchange(1000, milliseconds(1));
  EXPECT_EQ(Seen(begun).turn(bit.place, bit.mask).says(corrupt), Verdict::agrees);
  EXPECT_EQ(Seen(begun).says(corrupt), Verdict::wrong);
  EXPECT_EQ(Seen(begun).says(corrupt, 0), Verdict::agrees);
  EXPECT_EQ(Seen(begun).turn(bit.place, bit.mask).says(corrupt, 0), Verdict::wrong);
  // Twice is not at all.
  const auto both = fault(corrupt, 100, faults::Way::both);
  EXPECT_THAT(begun.judged(both, FaultPath::proxy).mismatches, IsEmpty());
}

TEST(JudgedFaults, AConnectThatIsDelayedIsNotAnsweredBefore) {
  const faults::Connect connect{.delay = milliseconds(300)};
  EXPECT_EQ(Seen().exchange(60, milliseconds(300)).says(connect), Verdict::agrees);
  EXPECT_EQ(Seen().exchange(60, milliseconds(299)).says(connect), Verdict::wrong);
  const faults::Connect fails{.delay = milliseconds(300), .fail = true};
  EXPECT_EQ(Seen().send(60).end(Sight::End::rst, milliseconds(300)).says(fails), Verdict::agrees);
  EXPECT_EQ(Seen().send(60).end(Sight::End::rst, milliseconds(299)).says(fails), Verdict::wrong);
  EXPECT_EQ(Seen().exchange(60, milliseconds(1)).says(fails, 0), Verdict::agrees);
}

TEST(AnnouncedFaults, ASourceHasTheHashThatTheDaemonKnowsItBy) {
  for (const char* text : {"192.0.2.7", "2001:db8::7"}) {
    const Endpoint endpoint = ip_endpoint(text);
    EXPECT_EQ(who_is(1, IpAddress::of(endpoint.data())).source_hash, ClientAddress(endpoint).source_hash()) << text;
  }
  EXPECT_EQ(who_is(1, std::nullopt).source_hash, ClientAddress(Endpoint::unix_path("/x")).source_hash());
}

TEST(AnnouncedFaults, AreReadAsTheDaemonPrintsThem) {
  const Announcement read = read_announcement(
      R"({"seed": 18446744073709551615, "listeners": [{"name": "a", "faults": []}, {"name": "b", "faults": [
         {"definition": {"name": "x", "refuse": {}}, "left_seconds": null},
         {"definition": {"name": "y", "stall": {"after": 5}}, "left_seconds": 1.5}]}]})",
      "");
  EXPECT_EQ(read.seed, ~std::uint64_t{0});
  EXPECT_EQ(read.listener, "b");
  ASSERT_EQ(read.faults.size(), 2U);
  EXPECT_EQ(read.faults[1]->name, "y");
  EXPECT_EQ(read.left, milliseconds(1500));
}

}  // namespace
}  // namespace weir::load
