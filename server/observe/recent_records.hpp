#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "server/observe/session_record.hpp"

namespace weir {

/// The newest records of ended connections, for the admin endpoint: the newest of all, and the newest of those that
/// failed, so that a busy listener does not wash away what went wrong. Any thread.
class RecentRecords {
 public:
  /// How many of each kind are kept.
  static constexpr std::size_t kMost = 500;

  RecentRecords();

  /// Takes records that ended one after the other, oldest first.
  void add(std::span<const SessionRecord> batch);

  /// Newest first; at most kMost.
  std::vector<SessionRecord> newest(bool failed, std::size_t most) const;

 private:
  using Records = std::vector<SessionRecord>;  // oldest first

  mutable std::mutex mutex_;
  Records all_;
  Records failed_;
};

}  // namespace weir
