#include "client/worker_stats.hpp"

namespace weir::load {

void WorkerStats::merge(const WorkerStats& other) {
  response.merge(other.response);
  connect.merge(other.connect);
  cycle.merge(other.cycle);
  failures.merge(other.failures);
  for (const std::string& example : other.examples) {
    if (examples.size() < kExamples) examples.push_back(example);
  }
  tallies.insert(tallies.end(), other.tallies.begin(), other.tallies.end());
  replies_in_window += other.replies_in_window;
  bytes_in_window += other.bytes_in_window;
  cycles_in_window += other.cycles_in_window;
  unfinished += other.unfinished;
  reopened += other.reopened;
}

}  // namespace weir::load
