#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "server/worker/worker.hpp"

namespace weir {

/// Feeds the service manager's watchdog (sd_watchdog_enabled(3)) at a third of its interval, as long as every worker
/// answers within the interval. It runs on the control thread, so a control thread that is stuck feeds nothing either.
/// A worker that does not answer is logged once. Control thread.
class Watchdog {
 public:
  /// The workers outlive it.
  Watchdog(boost::asio::io_context& context, std::deque<Worker>& workers, std::chrono::microseconds interval);

  /// Asks and feeds from now on. The workers have been started.
  void begin();

 private:
  using Clock = std::chrono::steady_clock;

  /// The last question to a worker.
  struct Question {
    std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
    Clock::time_point asked{};
    bool reported = false;
  };

  void wait();
  void tick();
  bool is_alive(std::size_t worker, Clock::time_point now);

  std::deque<Worker>& workers_;
  const std::chrono::microseconds interval_;
  std::vector<Question> questions_;
  boost::asio::steady_timer timer_;
};

}  // namespace weir
