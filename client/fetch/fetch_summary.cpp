#include "client/fetch/fetch_summary.hpp"

#include <cstdio>

#include "client/fetch/fetch_line.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

std::string fetches(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " fetch" : " fetches"); }

}  // namespace

void FetchSummary::add(const FetchResult& result) {
  ++counts_[static_cast<std::size_t>(result.outcome)];
  ++done_;
  bytes_ += result.bytes;
  sum_ += result.end;
  if (result.end > slowest_) {
    slowest_ = result.end;
    slowest_url_ = result.url.to_string();
  }
}

std::string FetchSummary::text(FetchResult::Duration total, std::uint64_t not_begun) const {
  std::string text = fetches(done_) + " in " + display_duration(total) + ": " + std::to_string(done_ - failed()) +
                     " ok, " + std::to_string(failed()) + " failed, " + display_size(bytes_) + "\n";
  if (failed() > 0) {
    std::string kinds;
    for (std::size_t kind = 1; kind < kOutcomes; ++kind) {
      if (counts_[kind] == 0) continue;
      kinds += (kinds.empty() ? "" : ", ") + std::to_string(counts_[kind]) + " " +
               std::string(outcome_key(static_cast<Outcome>(kind)));
    }
    text += "failed: " + kinds + "\n";
  }
  if (not_begun > 0) text += "interrupted: " + fetches(not_begun) + " not begun\n";
  if (done_ > 1 && total.count() > 0) {
    char times[32];
    std::snprintf(times, sizeof times, "%.1f", static_cast<double>(sum_.count()) / static_cast<double>(total.count()));
    // At most, because fetches at once slow each other down where something is at its limit.
    text += "one after the other: at most " + display_duration(sum_) + ", " + times + " times as long\n";
    text += "slowest: " + display_duration(slowest_) + ", " + printable(slowest_url_) + "\n";
  }
  return text;
}

}  // namespace weir::load
