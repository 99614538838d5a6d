#include "server/control/resolver.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"
#include "common/logging.hpp"
#include "server/control/dns_channel.hpp"

namespace weir {

namespace {

namespace asio = net::asio;
using Result = ResolvedName::Addresses::Result;
/// By the names that they are the addresses of.
using Answers = std::map<std::string, ResolvedName::BothFamilies>;

/// How long the rest of a round's answers are waited for before those that came are put to use.
constexpr milliseconds kGrace{200};
constexpr std::array<int, 2> kFamilies{AF_INET, AF_INET6};

/// Whether the kernel knows a way there, or does not say; asks it and sends nothing (connect(2) of a datagram socket).
bool has_way(const Endpoint& target) {
  const io::Descriptor socket(::socket(target.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno != EAFNOSUPPORT;
  if (::connect(socket.get(), target.data(), target.size()) == 0) return true;
  return errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EADDRNOTAVAIL;
}

/// Asks for the addresses of a target by one of its full names, unless the hosts file has any of it.
void ask_for(DnsChannel& channel, const std::string& target, const std::string& full_name,
             ResolvedName::BothFamilies& answers) {
  for (std::size_t i = 0; i < kFamilies.size(); ++i) answers[i] = channel.in_hosts(target, kFamilies[i]);
  if (answers[0].result == Result::found || answers[1].result == Result::found) return;
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    answers[i].result = Result::pending;
    channel.ask_addresses(full_name, kFamilies[i], [&slot = answers[i]](auto answer) { slot = std::move(answer); });
  }
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

Resolver::Resolver(asio::io_context& context, const Upstreams& upstreams, DnsConfig config, OnChange on_change)
    : config_(std::move(config)), on_change_(std::move(on_change)) {
  for (const auto& [name, upstream] : upstreams) {
    for (const auto& entry : upstream->entries()) {
      if (!entry->config.dns) continue;
      asio::co_spawn(context.get_executor(), keep(upstream, entry), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });
    }
  }
}

std::size_t Resolver::publish(const std::shared_ptr<Upstream>& upstream,
                              const std::shared_ptr<const BackendEntry>& entry, const ResolvedName& name) {
  std::vector<Upstream::Member> members = name.members(has_way);
  std::erase_if(members, [&](const auto& member) { return !upstream->sources().reaches(member.endpoint); });
  upstream->set_members(entry, members, io::Clock::now());
  on_change_(upstream);
  return members.size();
}

net::awaitable<void> Resolver::ask(const std::shared_ptr<Upstream>& upstream,
                                   const std::shared_ptr<const BackendEntry>& entry, ResolvedName& name) {
  const DnsName& dns = *entry->config.dns;
  Answers answers;  // outlives the channel, which hands them over even as it goes
  ResolvedName::Services services;
  DnsChannel channel(co_await asio::this_coro::executor, config_.servers);
  const std::vector<std::string> full_names = channel.full_names(dns.name);
  const bool srv = dns.record == DnsName::Record::srv;
  for (std::size_t i = 0; srv && i < full_names.size(); ++i) {
    channel.ask_services(full_names[i], [&services](auto answer) { services = std::move(answer); });
    co_await channel.finish();
    if (name.take_services(full_names[i], services, i + 1 == full_names.size())) break;
  }
  // The targets of SRV records are full names (RFC 2782), and all asked for at once.
  for (std::size_t i = 0; i < (srv ? 1 : full_names.size()); ++i) {
    const bool last = srv || i + 1 == full_names.size();
    answers.clear();
    const auto full_name = [&](const std::string& target) { return srv ? target : full_names[i]; };
    for (const std::string& target : name.targets()) ask_for(channel, target, full_name(target), answers[target]);
    if (!co_await channel.finish(kGrace)) {
      for (const auto& [target, both] : answers) {
        const bool found = both[0].result == Result::found || both[1].result == Result::found;
        if (found) name.take_addresses(target, full_name(target), both, last);
      }
      publish(upstream, entry, name);
      co_await channel.finish();
    }
    bool over = true;
    for (const auto& [target, both] : answers) {
      over = name.take_addresses(target, full_name(target), both, last) && over;
    }
    if (over) break;
  }
}

net::awaitable<void> Resolver::keep(std::shared_ptr<Upstream> upstream, std::shared_ptr<const BackendEntry> entry) {
  const DnsName& dns = *entry->config.dns;
  ResolvedName name(entry->config, config_);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::string said;
  for (;;) {
    milliseconds pause = ResolvedName::kLongestRetry;
    try {
      name.begin_round();
      co_await ask(upstream, entry, name);
      const std::size_t members = publish(upstream, entry, name);
      const ResolvedName::Round round = name.finish_round(members);
      report(*upstream, dns.name, members, round.problem, said);
      pause = round.pause;
    } catch (const std::exception& error) {
      // No descriptor or no memory is left, and what is known holds.
      spdlog::warn("upstream {}: cannot look up {}: {}", upstream->config().name, dns.name, error.what());
    }
    timer.expires_after(pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable_t<net::Executor>(), ignored));
  }
}

}  // namespace weir
