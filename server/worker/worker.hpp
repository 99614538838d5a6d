#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "common/io/event_loop.hpp"
#include "common/io/pipe_pool.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/acceptor.hpp"
#include "server/listener/open_listener.hpp"
#include "server/observe/snapshot.hpp"
#include "server/session/session.hpp"
#include "server/worker/drain_spread.hpp"

namespace weir {

/// What the workers share. Outlives them.
struct Shared {
  Admission& admission;
  AccessLog& access_log;
  io::SpareDescriptor& spare;
  LogLimiter& refusals;
  RelayConfig::Splice splice;
  std::uint32_t handshakes = 16;  ///< of TLS, at once
};

/// One thread of the data plane with everything that its connections touch: its event loop, its sessions, its context
/// of each listener. The control thread starts, interrupts and joins it; nothing else accesses it.
class Worker {
 public:
  /// `pipes` is how many streams it may splice at once.
  Worker(std::size_t index, const Shared& shared, std::size_t pipes);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Starts the thread. `peers` are all workers, among which accepted connections are spread.
  void start(std::deque<Worker>& peers);

  /// serve() makes the listener known, and accept_from() accepts connections for it from a socket. All workers must
  /// know the listener before one of them accepts. Any thread.
  void serve(const ListenerPtr& listener);
  void accept_from(const ListeningSocket& socket, const ListenerPtr& listener);
  /// From now on the connections of a socket, which is accepted from, are that listener's, which is known. Any thread.
  void pass_on(const ListeningSocket& socket, const ListenerPtr& listener);

  /// Stops accepting from these sockets; what is queued on them is still taken, unless others listen there, too. Calls
  /// `done` on the worker's thread once that is over. Any thread.
  void stop_accepting(const std::vector<const ListeningSocket*>& sockets, std::function<void()> done);

  /// Calls `done` on the worker's thread after all that was posted to it before. Any thread.
  template <typename Done>
  void settle(Done done) {
    loop_.post(std::move(done));
  }

  /// How many TLS handshakes may be under way at once from now on. Any thread.
  void set_handshakes(std::uint32_t most) {
    loop_.post([this, most] { tls_.places.set_most(most); });
  }

  /// Forgets the listener: from then on only its sessions hold its context, which goes with the last of them. Call once
  /// no worker accepts for it any more. Any thread.
  void retire(const ListenerPtr& listener);

  /// Cuts every session, or those of one listener. Any thread.
  void cut_sessions();
  void cut_sessions(const ListenerPtr& listener);

  /// Has the sessions of a listener keep to what its shaping() says by now. Any thread.
  void reshape_sessions(const ListenerPtr& listener);

  /// Has those sessions end as drained whose turn comes before `until`, if they are idle then. `token` lives until all
  /// were looked at. Any thread.
  void close_idle(const DrainSpread& spread, DrainSpread::Time until, std::shared_ptr<void> token);

  /// Walks through all sessions in slices, between which others have their turn, as long as `visit` returns true, and
  /// then calls `done`, unless memory runs out. Both run on the worker's thread; neither may throw. A session that
  /// begins meanwhile may be missed, and whoever ended by then is not shown. `places` is how many slots a slice looks
  /// at. Any thread.
  using Visit = std::function<bool(Session&)>;
  void walk_sessions(Visit visit, std::function<void()> done, std::size_t places);

  /// Measures the CPU time of its threads, and how long a posted call waits for its turn. Control thread.
  void probe();
  /// Of the last probe; `busy_ratio` is since the one before it, and the lag grows while a probe is out. Control
  /// thread.
  WorkerSnapshot snapshot() const;

  /// Ends the thread. Call only once no session and no acceptor is left. Control thread.
  void join();

 private:
  /// Calls a function once the last acceptor of some sockets has ended.
  struct Stop {
    explicit Stop(std::function<void()> call) : done(std::move(call)) {}
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;
    ~Stop() { done(); }
    const std::function<void()> done;
  };

  ListenerContext* make_context(const ListenerPtr& listener);
  ListenerContextPtr context_of(const ListenerPtr& listener);
  std::vector<int> descriptors_of(const ListeningSocket& socket) const {
    return socket.descriptors_of(index_, peers_->size());
  }
  void run_acceptor_on(int listening, const ListenerContextPtr& context, std::uint16_t port_offset);
  void interrupt_acceptors(int listening, Interruption why, const std::shared_ptr<Stop>& stop);
  void place(const ListenerContextPtr& context, Arrival arrival);
  void start_session(const ListenerContextPtr& context, Arrival arrival);
  net::awaitable<void> walk(io::SlotPtr slot, Visit visit, std::size_t places);

  const std::size_t index_;
  const Shared shared_;
  std::deque<Worker>* peers_ = nullptr;
  io::PipePool pipes_;
  TlsResources tls_;
  Established established_;
  std::map<const Listener*, ListenerContextPtr> contexts_;
  struct Acceptor {
    AcceptorContext context;
    std::shared_ptr<Stop> stop;  ///< it is to end
  };
  /// By their descriptors. One that is to end may stand beside one of the next socket with that number.
  std::multimap<int, Acceptor> acceptors_;
  // Of the probe. The worker writes the first three once it is there, the control thread the others.
  std::atomic<std::int64_t> lag_ns_{0};
  std::atomic<std::uint64_t> pipes_on_loan_{0};
  std::atomic<bool> probe_is_back_{true};
  double busy_ratio_ = 0;
  std::chrono::nanoseconds cpu_time_{0};
  io::Clock::time_point measured_{};
  io::Clock::time_point probe_sent_{};
  io::EventLoop loop_;  ///< destroyed first: coroutines refer to the members above
  std::thread thread_;
  /// Connections that this worker serves or was handed. The worker that hands one over counts it here, so that a batch
  /// is spread well. On a cache line of its own, because all workers read it.
  alignas(64) std::atomic<std::uint32_t> load_{0};
};

}  // namespace weir
