#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/observe/session_record.hpp"

namespace weir {

/// A connection that ended while the daemon drained.
struct DrainedConnection {
  std::uint64_t id = 0;
  std::shared_ptr<const std::string> listener;  ///< its name
  std::shared_ptr<const std::string> backend;   ///< the last one tried; null if none was
  ClientAddress client;                         ///< whom a PROXY header names, or else who connected
  SessionEnd end = SessionEnd::internal_error;
  bool closed_idle = false;            ///< by `drain_spread`
  std::chrono::milliseconds after{0};  ///< since the drain began
};

/// For the log: `connection 7 ended 29.834s into the drain end=shutdown listener=echo client=192.0.2.1:4711`.
std::string describe(const DrainedConnection& connection);

/// Those connections that lasted longest: a drain ends with them. A value.
class LastToEnd {
 public:
  static constexpr std::size_t kMost = 10;

  /// In the order in which they ended.
  void add(DrainedConnection connection);
  /// The last one first.
  std::vector<DrainedConnection> latest_first() const;

 private:
  std::array<DrainedConnection, kMost> ring_;
  std::size_t added_ = 0;
};

}  // namespace weir
