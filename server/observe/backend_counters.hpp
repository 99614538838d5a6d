#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "server/observe/carried.hpp"
#include "server/observe/counter.hpp"
#include "server/observe/distribution.hpp"
#include "server/observe/errno_counts.hpp"
#include "server/observe/handshake_result.hpp"
#include "server/observe/snapshot.hpp"

namespace weir {

/// Counts what one worker does with one backend. Written by that worker, read by any thread; on cache lines of its own.
class alignas(64) BackendCounters {
 public:
  void add_bytes(const Carried& more) {
    if (more.to_backend > 0) to_.add(more.to_backend);
    if (more.from_backend > 0) from_.add(more.from_backend);
  }
  void add_connect(std::chrono::microseconds time) {
    connects_.add();
    connect_times_.add(time);
  }
  void add_failure(int error) { failures_.add(error); }
  /// A TLS handshake with it ended.
  void add_handshake(BackendHandshakeResult result) { handshakes_[static_cast<std::size_t>(result)].add(); }
  /// Its FIN came without close_notify.
  void add_truncated() { truncated_.add(); }

  /// What it counted of TLS only where the snapshot has a place for it.
  void add_to(BackendSnapshot& total) const {
    total.bytes_to += to_.get();
    total.bytes_from += from_.get();
    total.connects += connects_.get();
    connect_times_.add_to(total.connect_times);
    failures_.add_to(total.connect_failures);
    if (!total.tls) return;
    for (std::size_t i = 0; i < handshakes_.size(); ++i) total.tls->handshakes[i] += handshakes_[i].get();
    total.tls->truncated += truncated_.get();
  }

 private:
  Counter to_;
  Counter from_;
  Counter connects_;
  DistributionCounts<kWaitBounds> connect_times_;
  ErrnoCounts failures_;
  std::array<Counter, kBackendHandshakeResults> handshakes_;
  Counter truncated_;
};

/// How long connections of one worker waited in the queue of one upstream; likewise.
struct alignas(64) QueueCounters {
  DistributionCounts<kWaitBounds> waits;
};

}  // namespace weir
