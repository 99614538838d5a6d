#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "server/observe/carried.hpp"
#include "server/observe/counter.hpp"
#include "server/observe/distribution.hpp"
#include "server/observe/errno_counts.hpp"
#include "server/observe/session_record.hpp"
#include "server/observe/snapshot.hpp"

namespace weir {

/// Counts what happens to one listener's connections on one worker. Written by that worker, read by any thread. On
/// cache lines of its own, so that workers do not slow each other down.
class alignas(64) ListenerCounters {
 public:
  /// A connection was accepted; each is counted once more by add_end().
  void add_begin() { accepted_.add(); }
  /// A connection carried this much more.
  void add_bytes(const Carried& more) {
    if (more.in > 0) in_.add(more.in);
    if (more.out > 0) out_.add(more.out);
  }
  void add_end(SessionEnd end, std::chrono::microseconds duration) {
    durations_.add(duration);
    ended_[static_cast<std::size_t>(end)].add();
  }
  void add_accept_error(int error) { accept_errors_.add(error); }

  std::uint64_t ended_as(SessionEnd end) const { return ended_[static_cast<std::size_t>(end)].get(); }

  void add_to(ListenerSnapshot& total) const {
    std::uint64_t ended = 0;
    for (std::size_t i = 0; i < kSessionEnds; ++i) {
      const std::uint64_t count = ended_[i].get();
      total.ended[i] += count;
      ended += count;
    }
    const std::uint64_t accepted = std::max(accepted_.get(), ended);  // which may have grown since
    total.accepted += accepted;
    total.active += accepted - ended;
    total.bytes_in += in_.get();
    total.bytes_out += out_.get();
    durations_.add_to(total.durations);
    accept_errors_.add_to(total.accept_errors);
  }

 private:
  // What every turn of a connection writes stands together.
  Counter in_;
  Counter out_;
  Counter accepted_;
  std::array<Counter, kSessionEnds> ended_;
  DistributionCounts<kDurationBounds> durations_;
  ErrnoCounts accept_errors_;
};

}  // namespace weir
