#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace weir {

/// The line that `systemctl status` shows: how many connections there are and how fast they come, or how many a drain
/// still waits for. Sent every three seconds if it has changed. A drain also asks for more time then, so that it may
/// take as long as it needs whatever TimeoutStopSec= is. Control thread.
class ServiceStatus {
 public:
  struct Figures {
    std::uint64_t active = 0;
    std::uint64_t accepted = 0;  ///< since the start
    std::size_t listeners = 0;
    bool draining = false;
  };

  ServiceStatus(boost::asio::io_context& context, std::function<Figures()> look);

  /// Sends from now on.
  void begin();

  /// For people; `rate` is in connections a second.
  static std::string describe(const Figures& now, double rate);

 private:
  using Clock = std::chrono::steady_clock;

  void wait();
  void tick();

  const std::function<Figures()> look_;
  boost::asio::steady_timer timer_;
  std::uint64_t accepted_ = 0;  ///< at the last look
  Clock::time_point looked_{};
  std::string sent_;
};

}  // namespace weir
