#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "common/net.hpp"
#include "server/observe/live_connections.hpp"
#include "server/worker/worker.hpp"

namespace weir {

/// Sees and ends live connections from the control thread. The workers walk through their sessions in slices of some
/// hundred microseconds; the traffic has its turn in between.
class ConnectionWatch {
 public:
  /// The executor's context must outlive the workers, which post to it.
  ConnectionWatch(const net::Executor& executor, std::deque<Worker>& workers);
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// All live connections with their rates. Those who ask at the same time, or shortly after one another, share one
  /// walk. Takes half a second where nobody has asked for long, because a rate needs two looks. Throws std::bad_alloc.
  /// Control thread.
  net::awaitable<std::shared_ptr<const LiveConnections>> look();

  /// Resumes once every session has had a turn after what was posted to its worker before this call, or after a while.
  /// Control thread.
  net::awaitable<void> pass_by();

  enum class Killed : std::uint8_t {
    yes,
    not_found,
    unknown,  ///< a worker did not answer; it will kill nobody later
  };
  /// Ends a connection as `killed`. Control thread.
  net::awaitable<Killed> kill(std::uint64_t id);

 private:
  using Time = std::chrono::steady_clock::time_point;

  /// What a worker does in a walk: `visit` on its own thread, and `take` on the control thread once it is through.
  struct Errand {
    Worker::Visit visit;
    std::function<void()> take;
  };
  net::awaitable<bool> send_round(std::function<Errand()> make_errand, std::size_t places);
  net::awaitable<std::shared_ptr<LiveConnections>> walk();
  net::awaitable<void> look_again();
  net::awaitable<void> until_looked();

  const net::Executor executor_;
  std::deque<Worker>& workers_;
  std::shared_ptr<const LiveConnections> latest_;
  CarriedThen then_;  ///< what rates are measured from
  CarriedThen next_;  ///< what they will be measured from once it is old enough
  bool looking_ = false;
  boost::asio::steady_timer looked_;  ///< expires when a look ends
  boost::asio::steady_timer forget_;
};

}  // namespace weir
