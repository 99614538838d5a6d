#include "server/control/return_timer.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace weir {

struct ReturnTimer::State {
  std::shared_ptr<Upstream> upstream;
  boost::asio::steady_timer timer;
};

ReturnTimer::ReturnTimer(boost::asio::io_context& context, std::shared_ptr<Upstream> upstream)
    : state_(std::make_shared<State>(State{std::move(upstream), boost::asio::steady_timer(context)})) {
  state_->upstream->on_return([&context, weak = std::weak_ptr(state_)](Upstream::Time when) {
    boost::asio::post(context, [weak, when] {
      if (const auto state = weak.lock()) wait_until(state, when);
    });
  });
}

ReturnTimer::~ReturnTimer() { state_->upstream->on_return(nullptr); }

void ReturnTimer::wait_until(const std::shared_ptr<State>& state, Upstream::Time when) {
  state->timer.expires_at(when);
  state->timer.async_wait([weak = std::weak_ptr(state)](const boost::system::error_code& error) {
    const auto still = weak.lock();
    if (!error && still) still->upstream->serve_waiting(io::Clock::now());
  });
}

}  // namespace weir
