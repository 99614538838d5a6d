#include "server/observe/recent_records.hpp"

#include <algorithm>
#include <iterator>

namespace weir {

namespace {

/// Keeps the newest of both. Workers hand over their batches one after the other, and these overlap in time.
template <typename Wanted>
void keep_newest(std::vector<SessionRecord>& kept, std::span<const SessionRecord> batch, Wanted wanted) {
  std::size_t first = batch.size();
  for (std::size_t found = 0; first > 0 && found < RecentRecords::kMost;) found += wanted(batch[--first]) ? 1 : 0;
  const auto old = static_cast<std::ptrdiff_t>(kept.size());
  std::copy_if(batch.begin() + static_cast<std::ptrdiff_t>(first), batch.end(), std::back_inserter(kept), wanted);
  const auto by_time = [](const SessionRecord& a, const SessionRecord& b) { return a.ended_at < b.ended_at; };
  std::inplace_merge(kept.begin(), kept.begin() + old, kept.end(), by_time);
  if (kept.size() <= RecentRecords::kMost) return;
  kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(RecentRecords::kMost));
}

}  // namespace

RecentRecords::RecentRecords() {
  all_.reserve(2 * kMost);
  failed_.reserve(2 * kMost);
}

void RecentRecords::add(std::span<const SessionRecord> batch) {
  if (batch.empty()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  keep_newest(all_, batch, [](const SessionRecord&) { return true; });
  keep_newest(failed_, batch, [](const SessionRecord& record) { return is_failure(record.end); });
}

std::vector<SessionRecord> RecentRecords::newest(bool failed, std::size_t most) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Records& records = failed ? failed_ : all_;
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, records.size()));
  return {records.rbegin(), records.rbegin() + count};
}

}  // namespace weir
