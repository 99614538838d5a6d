#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>

#include "server/upstream/upstream.hpp"

namespace weir {

/// Serves those who wait for a server when one that was ejected may be back: nothing else happens then that would. One
/// timer an upstream, which runs only while somebody waits. Control thread only.
class ReturnTimers {
 public:
  /// Must not outlive the context.
  ReturnTimers(boost::asio::io_context& context, const Upstreams& upstreams);
  ReturnTimers(const ReturnTimers&) = delete;
  ReturnTimers& operator=(const ReturnTimers&) = delete;
  ~ReturnTimers();

 private:
  struct Entry {
    std::shared_ptr<Upstream> upstream;
    boost::asio::steady_timer timer;
  };
  static void wait_until(Entry& entry, Upstream::Time when);

  std::deque<Entry> entries_;
};

}  // namespace weir
