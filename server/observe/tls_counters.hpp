#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/tls/facts.hpp"
#include "server/observe/counter.hpp"
#include "server/observe/distribution.hpp"
#include "server/observe/handshake_result.hpp"
#include "server/observe/snapshot.hpp"

namespace weir {

/// Counts what happens to the TLS of one listener's clients on one worker. Written by that worker, read by any thread;
/// on cache lines of its own. A listener without TLS has none.
class alignas(64) TlsCounters {
 public:
  /// A handshake succeeded, with what the facts say.
  void add_done(const tls::Facts& facts) {
    done_[version_index(facts.version)][facts.resumed.value_or(false) ? 1 : 0].add();
    if (facts.handshake_time) times_.add(*facts.handshake_time);
  }
  /// A handshake was under way when its connection ended so.
  void add_failed(SessionEnd end) { failed_[static_cast<std::size_t>(handshake_result_of(end))].add(); }

  void add_key_updates(std::uint64_t count) { key_updates_.add(count); }
  /// The client's FIN came without close_notify.
  void add_truncated() { truncated_.add(); }

  Level& in_progress() { return in_progress_; }
  /// Those whose handshake may not begin yet.
  Level& waiting() { return waiting_; }

  void add_to(ListenerTlsSnapshot& total) const {
    for (std::size_t version = 0; version < done_.size(); ++version) {
      for (std::size_t resumed = 0; resumed < done_[version].size(); ++resumed) {
        total.done[version][resumed] += done_[version][resumed].get();
      }
    }
    for (std::size_t i = 0; i < failed_.size(); ++i) total.failed[i] += failed_[i].get();
    total.in_progress += in_progress_.get();
    total.waiting += waiting_.get();
    total.key_updates += key_updates_.get();
    total.truncated += truncated_.get();
    times_.add_to(total.handshake_times);
  }

 private:
  static std::size_t version_index(std::string_view version) { return version == kTlsVersions[1] ? 1 : 0; }

  std::array<std::array<Counter, 2>, kTlsVersions.size()> done_;
  std::array<Counter, kHandshakeResults> failed_;
  Level in_progress_;
  Level waiting_;
  Counter key_updates_;
  Counter truncated_;
  DistributionCounts<kWaitBounds> times_;
};

/// Counts one more in a level for as long as it lives. Moves nowhere, and the level outlives it.
class LevelHold {
 public:
  explicit LevelHold(Level& level) : level_(level) { level_.raise(); }
  LevelHold(const LevelHold&) = delete;
  LevelHold& operator=(const LevelHold&) = delete;
  ~LevelHold() { level_.lower(); }

 private:
  Level& level_;
};

/// One for each worker; null where the listener has never spoken TLS.
using TlsCountersPtr = std::shared_ptr<std::vector<TlsCounters>>;

/// Those of a listener that goes on from `before`, which is null for one that begins.
inline TlsCountersPtr tls_counters_for(bool speaks_tls, const TlsCountersPtr& before, std::size_t workers) {
  if (before || !speaks_tls) return before;
  return std::make_shared<std::vector<TlsCounters>>(workers);
}

}  // namespace weir
