#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "server/listener/handshakes.hpp"
#include "server/listener/listening_socket.hpp"
#include "server/listener/quiescence.hpp"
#include "server/worker/worker.hpp"

namespace weir {

/// Stops accepting from some listening sockets and closes them without losing a connection, in steps, so that the
/// control thread serves signals between them:
///
///     quiescing ──▶ stopping: each acceptor takes what is queued ──▶ settling: what was handed over is a session ──▶
///     closed
///
/// Control thread. Lives until the sockets are closed, or the workers' threads have ended.
class AcceptStop {
 public:
  /// `retired` are the listeners that are left without a socket; the workers forget them at the end.
  AcceptStop(std::vector<ListeningSocket> sockets, std::vector<ListenerPtr> retired, std::deque<Worker>& workers,
             const Handshakes& handshakes)
      : sockets_(std::move(sockets)), retired_(std::move(retired)), workers_(workers), quiescence_(handshakes) {}
  AcceptStop(const AcceptStop&) = delete;
  AcceptStop& operator=(const AcceptStop&) = delete;

  /// Goes as far as it can; returns how long to wait before the next step, or nothing once the sockets are closed.
  /// `at_once` does not wait for handshakes under way. The first step waits for a grace period (Quiescence::begin()).
  /// Once they are closed, whatever was accepted from them is a session.
  std::optional<std::chrono::milliseconds> advance(bool at_once);

  /// Where the sockets listen that are not closed yet.
  std::vector<Endpoint> endpoints() const;

 private:
  enum class Stage { listening, quiescing, stopping, settling, closed };

  std::vector<const ListeningSocket*> sockets() const;
  bool all_done() const { return done_.load(std::memory_order_acquire) == workers_.size(); }

  std::vector<ListeningSocket> sockets_;
  std::vector<ListenerPtr> retired_;
  std::deque<Worker>& workers_;
  Quiescence quiescence_;
  Stage stage_ = Stage::listening;
  std::atomic<std::size_t> done_{0};  ///< workers that have finished the stage
};

}  // namespace weir
