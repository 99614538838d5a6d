#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/endpoint.hpp"
#include "server/listener/handshakes.hpp"
#include "server/listener/listening_socket.hpp"

namespace weir {

/// How listening sockets come to the state in which nobody is lost when they are closed after a last accept(2):
///
///     refuse newcomers ──▶ no CPU handles a SYN that was let in before ──▶ no handshake is under way
///
/// From then on nothing can be added to their queues. The acceptors go on meanwhile, so that no queue is full for long.
/// Control thread.
class Quiescence {
 public:
  using Clock = std::chrono::steady_clock;

  /// How long a handshake may take that is under way: the kernel repeats a SYN-ACK after one second and after three.
  /// Who has not answered by then (a scanner, a flood) must not hold up the drain.
  static constexpr std::chrono::milliseconds kLongest{3500};

  explicit Quiescence(const Handshakes& handshakes) : handshakes_(handshakes) {}

  /// Makes the sockets refuse newcomers. Waits for a grace period of RCU where one listens on TCP, tens of
  /// milliseconds.
  void begin(const std::vector<const ListeningSocket*>& sockets);

  /// How long to wait before asking again; nothing once all is quiet, or as quiet as it will get. Bounded by kLongest.
  std::optional<std::chrono::milliseconds> remaining(Clock::time_point now);

 private:
  const Handshakes& handshakes_;
  std::vector<Endpoint> endpoints_;
  Clock::time_point began_{};
  std::chrono::milliseconds least_{0};  ///< to be waited, whatever the kernel tells
  bool refusing_ = true;
};

}  // namespace weir
