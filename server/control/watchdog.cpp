#include "server/control/watchdog.hpp"

#include <string>
#include <utility>

#include "common/logging.hpp"
#include "common/units.hpp"
#include "server/control/service_manager.hpp"

namespace weir {

namespace {

std::string for_people(std::chrono::steady_clock::duration silence) {
  return format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(silence));
}

}  // namespace

Watchdog::Watchdog(boost::asio::io_context& context, std::deque<Worker>& workers, std::chrono::microseconds interval)
    : workers_(workers), interval_(interval), questions_(workers.size()), timer_(context) {}

void Watchdog::begin() { tick(); }

void Watchdog::wait() {
  timer_.expires_after(interval_ / 3);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Watchdog::tick() {
  wait();  // first, so that a lack of memory in what follows costs one step
  const Clock::time_point now = Clock::now();
  bool all_alive = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) all_alive = is_alive(i, now) && all_alive;
  if (all_alive) service_manager::feed_watchdog();
}

bool Watchdog::is_alive(std::size_t worker, Clock::time_point now) {
  Question& question = questions_[worker];
  if (question.answered->load(std::memory_order_acquire)) {
    if (std::exchange(question.reported, false)) {
      spdlog::warn("worker {} answers again, {} after it was asked", worker, for_people(now - question.asked));
    }
    question.asked = now;
    auto answered = std::make_shared<std::atomic<bool>>(false);
    workers_[worker].settle([answered] { answered->store(true, std::memory_order_release); });
    question.answered = std::move(answered);  // last: a question that could not be asked is asked again
    return true;
  }
  if (now - question.asked < interval_) return true;
  if (!std::exchange(question.reported, true)) {
    spdlog::error(
        "worker {} (thread weir-w{}) has not answered for {}: the watchdog is no longer fed, and the service "
        "manager will restart the daemon",
        worker, worker, for_people(now - question.asked));
  }
  return false;
}

}  // namespace weir
