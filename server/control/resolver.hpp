#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "common/net.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/resolved_name.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

class DnsChannel;

/// Keeps every upstream's `dns` servers what their names stand for, one coroutine a name: looks it up when the last
/// answer's TTL is over, and keeps what it knows while the resolver fails. Control thread only.
class Resolver {
 public:
  using OnChange = std::function<void(const std::shared_ptr<Upstream>&)>;
  /// Starts on `context`, which must be gone before this. `on_change` is called whenever a name was looked up.
  Resolver(net::asio::io_context& context, const Upstreams& upstreams, DnsConfig config, OnChange on_change);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

 private:
  net::awaitable<void> keep(std::shared_ptr<Upstream> upstream, std::shared_ptr<const BackendEntry> entry);
  net::awaitable<void> ask(const std::shared_ptr<Upstream>& upstream, const std::shared_ptr<const BackendEntry>& entry,
                           ResolvedName& name);
  /// Hands over the servers that there is a way to; returns how many they are.
  std::size_t publish(const std::shared_ptr<Upstream>& upstream, const std::shared_ptr<const BackendEntry>& entry,
                      const ResolvedName& name);

  const DnsConfig config_;
  const OnChange on_change_;
};

}  // namespace weir
