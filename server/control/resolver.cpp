#include "server/control/resolver.hpp"

#include <ares.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <string>
#include <utility>

#include "common/logging.hpp"
#include "server/control/dns_channel.hpp"
#include "server/upstream/resolved_name.hpp"

namespace weir {

namespace {

namespace asio = net::asio;

net::awaitable<void> ask(ResolvedName& name, const BackendConfig& server, const DnsConfig& config, bool has_ipv6) {
  DnsChannel channel(co_await asio::this_coro::executor, config.servers);
  if (server.dns->record == DnsName::Record::srv) {
    channel.ask_services(server.dns->name, [&name](auto answer) { name.take_services(std::move(answer)); });
    co_await channel.finish();
  }
  for (const std::string& target : name.targets()) {
    for (const int family : {AF_INET, AF_INET6}) {
      if (family == AF_INET6 && !has_ipv6) continue;
      channel.ask_addresses(target, family, [&name, target, family](auto answer) {
        name.take_addresses(target, family, std::move(answer));
      });
    }
  }
  co_await channel.finish();
}

/// Says once that something is wrong with a name, and once that it no longer is.
void report(const Upstream& upstream, const std::string& name, std::size_t members, const std::string& problem,
            std::string& said) {
  if (problem == said) return;
  if (problem.empty()) {
    spdlog::info("upstream {}: {} can be looked up again", upstream.config().name, name);
  } else {
    spdlog::warn("upstream {}: {}; it has {} servers of {} now", upstream.config().name, problem, members, name);
  }
  said = problem;
}

}  // namespace

Resolver::Resolver(asio::io_context& context, std::deque<Upstream>& upstreams, const DnsConfig& config,
                   std::function<void(Upstream&)> on_change)
    : config_(config), on_change_(std::move(on_change)) {
  for (Upstream& upstream : upstreams) {
    for (const BackendConfig& server : upstream.config().servers) {
      if (!server.dns) continue;
      asio::co_spawn(context.get_executor(), keep(upstream, server), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });
    }
  }
}

net::awaitable<void> Resolver::keep(Upstream& upstream, const BackendConfig& server) {
  ResolvedName name(server, config_);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::string said;
  for (;;) {
    milliseconds pause = config_.min_ttl;
    try {
      co_await ask(name, server, config_, has_ipv6_);
      const ResolvedName::Round round = name.finish_round();
      upstream.set_members(server, round.members, io::Clock::now());
      on_change_(upstream);
      report(upstream, server.dns->name, round.members.size(), round.problem, said);
      pause = round.pause;
    } catch (const std::exception& error) {
      // No descriptor or no memory is left, and what is known holds.
      spdlog::warn("upstream {}: cannot look up {}: {}", upstream.config().name, server.dns->name, error.what());
      pause = ResolvedName::kLongestRetry;
    }
    timer.expires_after(pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable_t<net::Executor>(), ignored));
  }
}

}  // namespace weir
