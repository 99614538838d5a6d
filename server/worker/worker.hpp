#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/io/event_loop.hpp"
#include "common/io/pipe_pool.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/acceptor.hpp"
#include "server/listener/listening_socket.hpp"
#include "server/session/session.hpp"

namespace weir {

/// A listener as all workers share it.
struct Listener {
  const ListenerConfig& config;
  Service service;
  Gate& gate;
  std::vector<ListeningSocket> sockets;
};

/// What the workers share and outlives them.
struct Shared {
  Admission& admission;
  AccessLog& access_log;
  io::SpareDescriptor& spare;
  LogLimiter& refusals;
  RelayConfig::Splice splice;
};

/// One thread of the data plane with everything that its connections touch: its event loop, its sessions, its view of
/// each listener. The control thread starts, interrupts and joins it; nothing else reaches in.
class Worker {
 public:
  /// `pipes` streams may be spliced through at once.
  Worker(std::size_t index, std::deque<Listener>& listeners, const Shared& shared, std::size_t pipes);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Starts the thread and accepts. `peers` are all workers: an accepted connection goes to the one that serves it.
  void start(std::deque<Worker>& peers);

  /// Calls `done` on the worker's thread once it has stopped to accept. Any thread.
  template <typename Done>
  void stop_accepting(Done done) {
    loop_.post([this, done] {
      loop_.interrupt_all(static_cast<std::uint8_t>(SlotKind::acceptor),
                          static_cast<std::uint8_t>(Interruption::shutdown));
      when_acceptors_ended_ = done;
      report_acceptors();
    });
  }

  /// Calls `done` on the worker's thread after all that was posted to it before. Any thread.
  template <typename Done>
  void settle(Done done) {
    loop_.post(std::move(done));
  }

  /// Cuts every session. Any thread.
  void cut_sessions();

  /// How many connections of that listener ended so. Any thread.
  std::uint64_t ended(std::size_t listener, SessionEnd end) const { return ends_[listener].of(end); }

  /// Ends the thread. Only once no session and no acceptor is left. Control thread.
  void join();

 private:
  /// Where a connection came in.
  struct Arrival {
    std::size_t listener;
    std::uint16_t port_offset;  ///< of the port in the listener's range
  };

  void accept(std::deque<Worker>& peers);
  void accept_from(SessionContext& session, int listening, Deliver deliver);
  void place(std::deque<Worker>& peers, Arrival arrival, io::StreamSocket socket, const ClientAddress& client);
  void serve(Arrival arrival, io::StreamSocket socket, const ClientAddress& client);
  void report_acceptors();

  const std::size_t index_;
  std::deque<Listener>& listeners_;
  const Shared shared_;
  io::PipePool pipes_;
  std::deque<EndCounts> ends_;           ///< one for each listener, in order
  std::deque<SessionContext> sessions_;  ///< likewise
  std::deque<AcceptorContext> acceptors_;
  io::EventLoop loop_;  ///< goes first: coroutines refer to what stands above
  std::size_t accepting_ = 0;
  std::function<void()> when_acceptors_ended_;
  std::thread thread_;
  /// Connections that this worker serves or was handed. Whoever hands one over counts it here, so that a batch is
  /// spread well; on a cache line of its own, because all workers read it.
  alignas(64) std::atomic<std::uint32_t> load_{0};
};

}  // namespace weir
