#include "server/control/resolver.hpp"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"
#include "common/logging.hpp"
#include "server/control/dns_channel.hpp"
#include "server/control/spawn_until.hpp"
#include "server/upstream/resolved_name.hpp"

namespace weir {

namespace {

namespace asio = net::asio;
using Lookup = ResolvedName::Addresses::Result;
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
  if (answers[0].result == Lookup::found || answers[1].result == Lookup::found) return;
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    answers[i].result = Lookup::pending;
    channel.ask_addresses(full_name, kFamilies[i], [&slot = answers[i]](auto answer) { slot = std::move(answer); });
  }
}

/// Says once that something is wrong with a name, and once that it no longer is.
void report(const Upstream& upstream, const std::string& name, std::size_t members, const std::string& problem,
            std::string& said) {
  if (problem == said) return;
  if (problem.empty()) {
    spdlog::info("upstream {}: {} can be looked up again", upstream.name(), name);
  } else {
    spdlog::warn("upstream {}: {}; it has {} backends of {} now", upstream.name(), problem, members, name);
  }
  said = problem;
}

/// What the coroutines use, some of which end after the resolver.
struct ResolverState {
  const std::shared_ptr<Upstream> upstream;
  const DnsConfig config;
  const std::function<void()> on_change;
  const std::stop_token stop;
};

/// How many backends of that name the upstream has.
std::size_t count_members(const Upstream& upstream, const BackendEntry& entry) {
  const auto& backends = upstream.backends();
  return static_cast<std::size_t>(std::count_if(
      backends.begin(), backends.end(), [&](const auto& backend) { return backend->entry().key == entry.key; }));
}

/// Hands over the backends that there is a way to; returns how many they are.
std::size_t publish(const ResolverState& shared, const std::shared_ptr<const BackendEntry>& entry,
                    const ResolvedName& name) {
  Upstream& upstream = *shared.upstream;
  std::vector<Upstream::Member> members = name.members(has_way);
  std::erase_if(members, [&](const auto& member) { return !upstream.sources().reaches(member.endpoint); });
  if (shared.stop.stop_requested()) return members.size();
  upstream.set_members(entry, members, io::Clock::now());
  shared.on_change();
  return members.size();
}

/// One round of questions.
/// `inherited` backends stay until all is answered.
net::awaitable<void> ask(const ResolverState& shared, const std::shared_ptr<const BackendEntry>& entry,
                         ResolvedName& name, bool inherited) {
  const DnsName& dns = *entry->config.dns;
  Answers answers;  // outlives the channel, which hands them over even as it goes
  ResolvedName::Services services;
  DnsChannel channel(co_await asio::this_coro::executor, shared.config.servers);
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
        const bool found = both[0].result == Lookup::found || both[1].result == Lookup::found;
        if (found) name.take_addresses(target, full_name(target), both, last);
      }
      if (!inherited) publish(shared, entry, name);
      co_await channel.finish();
    }
    bool over = true;
    for (const auto& [target, both] : answers) {
      over = name.take_addresses(target, full_name(target), both, last) && over;
    }
    if (over) break;
  }
}

net::awaitable<void> keep(std::shared_ptr<const ResolverState> shared, std::shared_ptr<const BackendEntry> entry) {
  const Upstream& upstream = *shared->upstream;
  const DnsName& dns = *entry->config.dns;
  ResolvedName name(entry->config, shared->config);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::string said;
  // What an earlier resolver found holds until this one knows better.
  bool inherited = count_members(upstream, *entry) > 0;
  while (!shared->stop.stop_requested()) {
    milliseconds pause = ResolvedName::kLongestRetry;
    try {
      name.begin_round();
      co_await ask(*shared, entry, name, inherited);
      if (shared->stop.stop_requested()) co_return;
      inherited = inherited && !name.is_clean();
      const std::size_t members = inherited ? count_members(upstream, *entry) : publish(*shared, entry, name);
      if (shared->stop.stop_requested()) co_return;
      const ResolvedName::Round round = name.finish_round(members);
      report(upstream, dns.name, members, round.problem, said);
      pause = round.pause;
    } catch (const std::exception& error) {
      if (shared->stop.stop_requested()) co_return;
      // No descriptor or no memory is left, and what is known holds.
      spdlog::warn("upstream {}: cannot look up {}: {}", upstream.name(), dns.name, error.what());
    }
    timer.expires_after(pause);
    boost::system::error_code ignored;
    co_await timer.async_wait(net::into(ignored));
  }
}

}  // namespace

Resolver::Resolver(const net::Executor& executor, std::shared_ptr<Upstream> upstream, const DnsConfig& config,
                   std::function<void()> on_change) {
  const auto shared =
      std::make_shared<const ResolverState>(std::move(upstream), config, std::move(on_change), stop_.get_token());
  for (const auto& entry : shared->upstream->entries()) {
    if (entry->config.dns) spawn_until(shared->stop, executor, keep(shared, entry));
  }
}

Resolver::~Resolver() { stop_.request_stop(); }

}  // namespace weir
