#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "server/admission/last_to_end.hpp"
#include "server/admission/process_limits.hpp"
#include "server/admission/token_bucket.hpp"
#include "server/observe/session_record.hpp"

namespace weir {

/// Enforces the connection limit and the connection rate of the process. Counts exactly over all workers, with one
/// short mutex at a connection's begin and one at its end; none while its bytes move. Any thread.
class Admission {
 public:
  struct Totals {
    std::uint64_t active = 0;
    std::uint64_t descriptors = 0;  ///< that these connections take, or are to take
    std::uint64_t ended = 0;        ///< since begin_drain(), and not cut
    std::uint64_t closed_idle = 0;  ///< of these, the ones that `drain_spread` closed
    std::uint64_t cut = 0;          ///< since begin_drain()
  };

  /// `limits` is how much there may be at once, `rate` how fast new connections may come.
  explicit Admission(const ProcessLimits& limits, const Rate& rate = {}) : limits_(limits), rate_(rate) {}

  /// From now on these limits hold; connections beyond them stay.
  void set_limits(const ProcessLimits& limits, const Rate& rate);

  /// The number of a connection that was just accepted, unique within the process and ascending; and why it is refused.
  struct Entry {
    std::uint64_t id;
    std::optional<SessionEnd> refused;
  };
  /// `descriptors` is how many it takes.
  Entry enter(std::uint32_t descriptors, io::Clock::time_point now);
  /// The number of a connection that is refused for another reason.
  std::uint64_t next_id();
  /// Undoes an admission, because something else refuses the connection. `descriptors` as for enter().
  void withdraw(std::uint32_t descriptors);
  /// Once for each admitted connection that was not withdrawn. `descriptors` as for enter().
  void leave(std::uint32_t descriptors, bool cut);

  void begin_drain();
  /// It goes on serving; what ended in the drain stays counted.
  void end_drain();
  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  /// Once for each admitted connection that ends while draining() says so, before it leaves.
  void note_end(DrainedConnection connection);
  /// Those that lasted longest in the drain, the last one first.
  std::vector<DrainedConnection> last_to_end() const;
  Totals totals() const;

 private:
  mutable std::mutex mutex_;
  ProcessLimits limits_;
  Rate rate_;
  std::uint64_t last_id_ = 0;
  TokenBucket bucket_;
  std::atomic<bool> draining_{false};
  Totals totals_;
  io::Clock::time_point drain_began_{};
  LastToEnd last_to_end_;
};

}  // namespace weir
