#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/endpoint.hpp"
#include "server/listener/handshakes.hpp"
#include "server/listener/listening_socket.hpp"

namespace weir {

/// Brings listening sockets into a state in which no connection is lost when they are closed after a last accept(2):
///
///     refuse newcomers ──▶ no CPU handles a SYN that was let in before ──▶ no handshake is under way
///
/// From then on nothing can be added to their queues. Acceptors go on meanwhile, so that no queue stays full for long.
/// Control thread.
class Quiescence {
 public:
  using Clock = std::chrono::steady_clock;

  /// How long a handshake under way may take: the kernel repeats a SYN-ACK after one second and after three. Clients
  /// that have not answered by then (a scanner, a flood) must not hold up the drain.
  static constexpr std::chrono::milliseconds kLongest{3500};

  explicit Quiescence(const Handshakes& handshakes) : handshakes_(handshakes) {}

  /// Makes the sockets refuse newcomers, except those that were handed over or passed on: others go on listening there.
  /// If one listens on TCP, waits for a grace period of RCU, tens of milliseconds.
  void begin(const std::vector<const ListeningSocket*>& sockets);

  /// How long to wait before asking again; nothing once all is quiet, or as quiet as it will get. kLongest bounds it.
  std::optional<std::chrono::milliseconds> remaining(Clock::time_point now);

 private:
  const Handshakes& handshakes_;
  std::vector<Endpoint> endpoints_;
  Clock::time_point began_{};
  std::chrono::milliseconds least_{0};  ///< minimum wait, whatever the kernel says
  bool refusing_ = true;
};

}  // namespace weir
