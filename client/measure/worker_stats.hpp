#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/measure/connection_times.hpp"
#include "client/measure/failure.hpp"
#include "client/measure/time_kind.hpp"
#include "client/measure/wrong_reply.hpp"
#include "common/histogram.hpp"

namespace weir::load {

/// What is counted. "In the window" is what happened while the run measured.
enum class Count : std::uint8_t {
  done,        ///< replies (or cycles) of the whole run, warmup included
  replies,     ///< that came in the window, whenever their request was sent
  bytes,       ///< each way, of those replies: a reply is as long as its request
  cycles,      ///< connect workload: that ended in the window
  sent,        ///< requests sent that were due in the window
  held,        ///< of those, the ones sent late because the connection could not take them
  unfinished,  ///< sent, but still without a reply when the drain was over
  unsent,      ///< due, but never sent
  missed,      ///< of those, the ones that the connection could have taken: the generator's fault
  answered,    ///< of those due in the window, whenever their reply came
  reopened,    ///< connections opened anew after a failure
  renewed,     ///< connections closed and opened anew because the plan said so
  newcomers,   ///< that got their reply
  handshakes,  ///< of TLS, full ones: in the window, of connections that stay all
  resumed,     ///< the same of those that resumed a session
  count_,
};

inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::count_);

/// The name in JSON reports.
std::string_view count_key(Count count);

/// What one connection got of the measured time: enough to say how fair its share was.
struct ConnectionTally {
  std::uint64_t replies = 0;
  std::uint64_t sum_ns = 0;          ///< of their response times
  ConnectionTimes* times = nullptr;  ///< response times, those of requests without a reply as well; none: not sampled

  void record(std::chrono::nanoseconds response) {
    if (times != nullptr) times->record(response);
  }
};

/// What a thread found out in a stretch of time. Its own while it fills it; the main thread adds the stretches up.
struct WorkerStats {
  std::array<Histogram, kTimes> times;
  std::array<std::uint64_t, kCounts> counts{};
  FailureCounts failures;
  std::vector<std::string> examples;  ///< details of the first failures that are no wrong replies
  std::vector<WrongReply> wrong;      ///< the first wrong replies
  std::string agreed;                 ///< on what the first handshake agreed; empty without TLS

  static constexpr std::size_t kExamples = 5;
  static constexpr std::size_t kWrong = 10;

  Histogram& operator[](Time time) { return times[static_cast<std::size_t>(time)]; }
  const Histogram& operator[](Time time) const { return times[static_cast<std::size_t>(time)]; }
  std::uint64_t& operator[](Count count) { return counts[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](Count count) const { return counts[static_cast<std::size_t>(count)]; }

  void merge(const WorkerStats& other);
  /// As if nothing had been found.
  void clear();
};

/// What other threads may look at while the worker runs; written by its thread only.
struct LiveCounters {
  std::atomic<std::uint32_t> settled{0};  ///< connections whose first attempt has ended
  std::atomic<std::uint32_t> reached{0};
  std::atomic<std::uint32_t> open{0};
  std::atomic<bool> finished{false};  ///< no coroutine of a connection is left

  /// Without a locked instruction: there is one writer.
  template <typename Number>
  static void bump(std::atomic<Number>& counter, int by = 1) {
    counter.store(static_cast<Number>(counter.load(std::memory_order_relaxed) + static_cast<Number>(by)),
                  std::memory_order_release);
  }
};

}  // namespace weir::load
