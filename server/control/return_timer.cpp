#include "server/control/return_timers.hpp"

#include <boost/asio/post.hpp>

namespace weir {

ReturnTimers::ReturnTimers(boost::asio::io_context& context, const Upstreams& upstreams) {
  for (const auto& [name, upstream] : upstreams) {
    Entry& entry = entries_.emplace_back(Entry{upstream, boost::asio::steady_timer(context)});
    upstream->on_return([&context, &entry](Upstream::Time when) {
      boost::asio::post(context, [&entry, when] { wait_until(entry, when); });
    });
  }
}

ReturnTimers::~ReturnTimers() {
  for (Entry& entry : entries_) entry.upstream->on_return(nullptr);
}

void ReturnTimers::wait_until(Entry& entry, Upstream::Time when) {
  entry.timer.expires_at(when);
  entry.timer.async_wait([&entry](const boost::system::error_code& error) {
    if (!error) entry.upstream->serve_waiting(io::Clock::now());
  });
}

}  // namespace weir
