#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

#include "server/listener/handshakes.hpp"
#include "server/listener/quiescence.hpp"
#include "server/worker/worker.hpp"

namespace weir {

/// Stops accepting and closes the listening sockets without losing a connection, in steps, so that the control thread
/// serves signals between them:
///
///     quiescing ──▶ stopping: each acceptor takes what is queued ──▶ settling: what was handed over is a session ──▶
///     closed
///
/// Control thread. Outlives the workers' threads.
class AcceptStop {
 public:
  AcceptStop(OpenListeners& listeners, std::deque<Worker>& workers) : listeners_(listeners), workers_(workers) {}

  /// Goes as far as it can; returns how long to wait before the next step, or nothing once the sockets are closed.
  /// `at_once` does not wait for handshakes under way. The first step waits for a grace period (Quiescence::begin()).
  std::optional<std::chrono::milliseconds> advance(bool at_once);

 private:
  enum class Stage { listening, quiescing, stopping, settling, closed };

  void begin();
  bool all_done() const { return done_.load(std::memory_order_acquire) == workers_.size(); }

  OpenListeners& listeners_;
  std::deque<Worker>& workers_;
  const Handshakes handshakes_;
  Quiescence quiescence_{handshakes_};
  Stage stage_ = Stage::listening;
  std::atomic<std::size_t> done_{0};  ///< workers that have finished the stage
};

}  // namespace weir
