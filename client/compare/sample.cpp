#include "client/compare/sample.hpp"

#include <algorithm>

namespace weir::load {

namespace {

using Buckets = std::vector<Histogram::Bucket>;

constexpr std::size_t kTimesIndex = static_cast<std::size_t>(Compared::times);

void append(Block& block, const Block& other) {
  block.seconds += other.seconds;
  block.done += other.done;
  for (std::size_t i = 0; i < kCompared; ++i) block.times[i] = merge_buckets(block.times[i], other.times[i]);
}

/// What `all` has more than `part`.
Buckets without(const Buckets& all, const Buckets& part) {
  Buckets rest;
  auto taken = part.begin();
  for (Histogram::Bucket bucket : all) {
    while (taken != part.end() && taken->lowest < bucket.lowest) ++taken;
    if (taken != part.end() && taken->lowest == bucket.lowest) bucket.count -= std::min(bucket.count, taken->count);
    if (bucket.count != 0) rest.push_back(bucket);
  }
  return rest;
}

Blocks in_pairs(const Blocks& run) {
  Blocks pairs;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i % 2 == 0) {
      pairs.push_back(run[i]);
    } else {
      append(pairs.back(), run[i]);
    }
  }
  return pairs;
}

}  // namespace

Blocks blocks_of(const LoadResult& result) {
  const double warmup = std::chrono::duration<double>(result.options.warmup).count();
  Blocks run;
  Buckets told;
  for (const Interval& interval : result.intervals) {
    told = merge_buckets(told, interval.buckets);
    const double before = interval.at - interval.length;
    // One in which the warmup ended is cut: what it measured counts, and the time since.
    const double seconds = std::min(interval.length, interval.at - warmup);
    if (seconds <= 0) continue;
    const double share = before < warmup ? seconds / interval.length : 1;
    run.push_back({seconds, static_cast<double>(interval.done) * share, {interval.buckets, {}, {}}});
  }
  if (run.empty()) return run;
  if (const auto rest = without(result.times().buckets(), told); !rest.empty()) {
    run.back().times[kTimesIndex] = merge_buckets(run.back().times[kTimesIndex], rest);
  }
  // The last one is as long as the end left it, and the first as the warmup did.
  if (run.size() > 1 && run.back().seconds < run[run.size() - 2].seconds / 2) {
    const Block last = std::move(run.back());
    run.pop_back();
    append(run.back(), last);
  }
  if (run.size() > 1 && run.front().seconds < run[1].seconds / 2) {
    append(run[1], run.front());
    run.erase(run.begin());
  }
  while (run.size() > kMostBlocks) run = in_pairs(run);
  return run;
}

}  // namespace weir::load
