#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "common/net.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// Keeps the `dns` entries of an upstream what their names stand for, one coroutine a name: looks it up when the last
/// answer's TTL is over, and keeps what it knows while the resolver fails. Its lookups end with it: questions that are
/// open are dropped, and the upstream stays as it is. Control thread.
class Resolver {
 public:
  /// `on_change` is called whenever a name was looked up, and not once this has gone.
  Resolver(const net::Executor& executor, std::shared_ptr<Upstream> upstream, const DnsConfig& config,
           std::function<void()> on_change);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

 private:
  std::stop_source stop_;
};

}  // namespace weir
