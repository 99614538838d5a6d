#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "server/config/server_config.hpp"
#include "server/control/health_checker.hpp"
#include "server/control/resolver.hpp"
#include "server/control/return_timer.hpp"

namespace weir {

/// What the control thread does for one upstream while this lives: checks its backends, looks its names up, and serves
/// those who wait when an ejected backend returns. Once this has gone, nothing is begun any more, and what was on its
/// way is cancelled and changes nothing; the upstream is let go of in the context's next turn. Control thread.
class UpstreamWatch {
 public:
  /// The context must outlive it.
  UpstreamWatch(boost::asio::io_context& context, const std::shared_ptr<Upstream>& upstream, const DnsConfig& dns)
      : return_timer_(context, upstream),
        health_checker_(context.get_executor(), upstream),
        resolver_(context.get_executor(), upstream, dns, [this] { health_checker_.check_new_backends(); }) {}

 private:
  ReturnTimer return_timer_;
  HealthChecker health_checker_;
  Resolver resolver_;
};

}  // namespace weir
