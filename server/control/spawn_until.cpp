#include "server/control/spawn_until.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace weir {

namespace {

namespace asio = net::asio;

/// Lives until the coroutine has ended, because what it waits for refers to the signal.
struct Running {
  asio::cancellation_signal signal;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

}  // namespace

void spawn_until(const std::stop_token& stop, const net::Executor& executor, net::awaitable<void> coroutine) {
  const auto running = std::make_shared<Running>();
  asio::co_spawn(executor, std::move(coroutine),
                 asio::bind_cancellation_slot(running->signal.slot(), [running, stop](std::exception_ptr failure) {
                   running->on_stop.reset();
                   if (failure && !stop.stop_requested()) std::rethrow_exception(failure);
                 }));
  running->on_stop.emplace(stop, [executor, weak = std::weak_ptr(running)] {
    // Through the executor here, because Asio's own detour there does not keep the signal alive.
    asio::dispatch(executor, [still = weak.lock()] {
      if (still) still->signal.emit(asio::cancellation_type::terminal);
    });
  });
}

}  // namespace weir
