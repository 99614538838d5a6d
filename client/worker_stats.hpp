#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "client/failure.hpp"
#include "common/histogram.hpp"

namespace weir::load {

/// What one connection got of the measured time: enough to say how fair its share was.
struct ConnectionTally {
  std::uint64_t replies = 0;
  std::uint64_t sum_ns = 0;
};

/// What a thread found out. Its own while it runs; merged when all have stopped.
struct WorkerStats {
  Histogram response;  ///< request sent to reply complete, of requests sent in the measured window
  Histogram connect;
  Histogram cycle;  ///< connect workload: connect to closed
  FailureCounts failures;
  std::vector<std::string> examples;  ///< details of the first failures
  std::vector<ConnectionTally> tallies;
  std::uint64_t replies_in_window = 0;  ///< that came in it, whenever their request was sent
  std::uint64_t bytes_in_window = 0;    ///< each way: a reply is as long as its request
  std::uint64_t cycles_in_window = 0;
  std::uint64_t unfinished = 0;  ///< still without a reply when the drain was over
  std::uint64_t reopened = 0;

  static constexpr std::size_t kExamples = 5;

  void merge(const WorkerStats& other);
};

/// What other threads may look at while the worker runs; written by its thread only.
struct LiveCounters {
  std::atomic<std::uint32_t> settled{0};  ///< connections whose first attempt has ended
  std::atomic<std::uint32_t> reached{0};
  std::atomic<std::uint32_t> open{0};
  std::atomic<std::uint64_t> done{0};  ///< replies, or cycles of the connect workload
  std::atomic<std::uint64_t> failures{0};
  std::atomic<bool> finished{false};  ///< no coroutine of a connection is left

  /// Without a locked instruction: there is one writer.
  template <typename Number>
  static void bump(std::atomic<Number>& counter, int by = 1) {
    counter.store(static_cast<Number>(counter.load(std::memory_order_relaxed) + static_cast<Number>(by)),
                  std::memory_order_relaxed);
  }
};

}  // namespace weir::load
