#include "server/observe/recent_records.hpp"

#include <gmock/gmock.h>

namespace weir {
namespace {

constexpr std::size_t kMost = RecentRecords::kMost;

SessionRecord record(std::uint64_t second, SessionEnd end = SessionEnd::client_closed) {
  SessionRecord record;
  record.id = second;
  record.ended_at = std::chrono::system_clock::time_point(std::chrono::seconds(second));
  record.end = end;
  return record;
}

std::vector<std::uint64_t> ids(const std::vector<SessionRecord>& records) {
  std::vector<std::uint64_t> ids;
  for (const SessionRecord& one : records) ids.push_back(one.id);
  return ids;
}

TEST(RecentRecords, NewestComeFirstHoweverBatchesOverlap) {
  RecentRecords recent;
  recent.add(std::vector{record(1), record(4), record(6)});
  recent.add(std::vector{record(2), record(3), record(5)});
  EXPECT_THAT(ids(recent.newest(false, 10)), testing::ElementsAre(6, 5, 4, 3, 2, 1));
  EXPECT_THAT(ids(recent.newest(false, 2)), testing::ElementsAre(6, 5));
}

TEST(RecentRecords, OfManyTheOldestGo) {
  RecentRecords recent;
  std::vector<SessionRecord> batch;
  for (std::uint64_t second = 1; second <= 3 * kMost; ++second) batch.push_back(record(second));
  recent.add(batch);
  ASSERT_EQ(recent.newest(false, 5 * kMost).size(), kMost);
  EXPECT_EQ(recent.newest(false, 1).front().id, 3 * kMost);
  EXPECT_EQ(recent.newest(false, kMost).back().id, 2 * kMost + 1);
  recent.add(std::vector{record(3 * kMost + 1)});
  ASSERT_EQ(recent.newest(false, kMost).size(), kMost);
  EXPECT_EQ(recent.newest(false, kMost).back().id, 2 * kMost + 2);
}

TEST(RecentRecords, FailedOnesStayThoughManyOthersCome) {
  RecentRecords recent;
  recent.add(std::vector{record(1, SessionEnd::denied)});
  std::vector<SessionRecord> batch;
  for (std::uint64_t second = 2; second <= 3 * kMost; ++second) batch.push_back(record(second));
  batch.insert(batch.begin(), record(2, SessionEnd::killed));
  recent.add(batch);
  EXPECT_THAT(ids(recent.newest(true, kMost)), testing::ElementsAre(2, 1));
}

}  // namespace
}  // namespace weir
