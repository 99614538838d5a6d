#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

#include "common/net.hpp"

namespace weir::toxiproxy {

/// Has coroutines of one thread go one after the other, however often they wait in between. A turn may outlive it.
class Turns {
  struct State {
    explicit State(const net::Executor& executor) : over(executor, net::asio::steady_timer::time_point::max()) {}

    net::asio::steady_timer over;  ///< cancelled once it is
    bool is_over = false;
  };

 public:
  /// Ends with its destruction.
  class Turn {
   public:
    explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Turn(Turn&&) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (!state_) return;
      state_->is_over = true;
      state_->over.cancel();
    }

   private:
    std::shared_ptr<State> state_;
  };

  /// Resumes once nobody else has a turn. A wait that is cancelled throws.
  net::awaitable<Turn> take() {
    boost::system::error_code ignored;
    while (current_ && !current_->is_over) {
      const std::shared_ptr<State> current = current_;
      co_await current->over.async_wait(net::into(ignored));
    }
    current_ = std::make_shared<State>(co_await net::asio::this_coro::executor);
    co_return Turn(current_);
  }

 private:
  std::shared_ptr<State> current_;
};

}  // namespace weir::toxiproxy
