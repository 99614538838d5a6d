#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "server/upstream/upstream.hpp"

namespace weir {

/// Serves those who wait for a backend of one upstream when an ejected backend may be back, because nothing else
/// happens then that would. Its timer runs only while somebody waits. Control thread.
class ReturnTimer {
 public:
  /// The context must outlive it.
  ReturnTimer(boost::asio::io_context& context, std::shared_ptr<Upstream> upstream);
  ReturnTimer(const ReturnTimer&) = delete;
  ReturnTimer& operator=(const ReturnTimer&) = delete;
  ~ReturnTimer();

 private:
  struct State;
  static void wait_until(const std::shared_ptr<State>& state, Upstream::Time when);

  /// The context's handlers find nothing once this has gone.
  std::shared_ptr<State> state_;
};

}  // namespace weir
