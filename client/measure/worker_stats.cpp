#include "client/measure/worker_stats.hpp"

namespace weir::load {

namespace {

constexpr std::array<std::string_view, kCounts> kKeys{"done",     "replies",    "bytes",     "cycles",     "sent",
                                                      "held",     "unfinished", "unsent",    "missed",     "answered",
                                                      "reopened", "renewed",    "newcomers", "handshakes", "resumed"};

template <typename T>
void append_up_to(std::vector<T>& to, const std::vector<T>& from, std::size_t most) {
  for (const T& item : from) {
    if (to.size() >= most) return;
    to.push_back(item);
  }
}

}  // namespace

std::string_view count_key(Count count) { return kKeys[static_cast<std::size_t>(count)]; }

void WorkerStats::merge(const WorkerStats& other) {
  for (std::size_t i = 0; i < kTimes; ++i) times[i].merge(other.times[i]);
  for (std::size_t i = 0; i < kCounts; ++i) counts[i] += other.counts[i];
  failures.merge(other.failures);
  append_up_to(examples, other.examples, kExamples);
  append_up_to(wrong, other.wrong, kWrong);
  if (agreed.empty()) agreed = other.agreed;
}

void WorkerStats::clear() {
  for (Histogram& histogram : times) histogram.clear();
  counts.fill(0);
  failures = {};
  examples.clear();
  wrong.clear();
  agreed.clear();
}

}  // namespace weir::load
