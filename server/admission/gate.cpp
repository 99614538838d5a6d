#include "server/admission/gate.hpp"

namespace weir {

using ProxyHeaders = ListenerConfig::ProxyHeaders;

Gate::Gate(Admission& process, const SourceTable& process_sources, const ListenerConfig& config, const Gate* before)
    : process_(process),
      process_sources_(process_sources),
      descriptors_(descriptors_per_connection(config)),
      limits_(config.limits),
      headers_(config.accept_proxy_protocol),
      rules_(config.access),
      sources_(before == nullptr
                   ? SourceTable(config.limits.per_source, config.limits.rate_per_source)
                   : SourceTable(config.limits.per_source, config.limits.rate_per_source, before->sources_)),
      counts_(before == nullptr ? std::make_shared<Counts>() : before->counts_) {
  for (const std::string& cidr : config.trusted) trusted_.add(cidr);
  trusted_.seal();
}

Gate::Entry Gate::enter(const ClientAddress& peer, Time now) {
  const Admission::Entry entry = process_.enter(descriptors_, now);
  if (entry.refused) {
    return {entry.id, refuse(*entry.refused, Barrier::process_connections, Barrier::process_rate)};
  }
  std::uint64_t number = 0;
  if (const auto refused = enter_listener(now, number)) {
    process_.withdraw(descriptors_);
    return {entry.id, refused, false, number};
  }
  std::optional<SessionEnd> refused;
  bool header_due = false;
  if (headers_ != ProxyHeaders::off) {
    const std::optional<IpAddress> address = peer.ip();
    const bool trusted = trusted_.empty() || (address && trusted_.contains(*address));
    header_due = trusted;
    if (!trusted && headers_ == ProxyHeaders::required) refused = refuse(Barrier::trusted, SessionEnd::denied);
  }
  if (!refused && !header_due) refused = admit(peer, now);
  if (refused) {
    leave_listener();
    process_.withdraw(descriptors_);
  }
  return {entry.id, refused, header_due, number};
}

std::optional<SessionEnd> Gate::admit(const ClientAddress& source, Time now) {
  const std::optional<IpAddress> address = source.ip();
  const bool allowed = address ? rules_.allows(*address) : rules_.allows_unix();
  if (!allowed) return refuse(Barrier::rules, SessionEnd::denied);
  if (!address) return std::nullopt;
  std::optional<SessionEnd> refused = process_sources_.enter(*address, now);
  if (!refused) {
    refused = sources_.enter(*address, now);
    if (refused) process_sources_.leave(*address);
  }
  if (refused) refuse(*refused, Barrier::source_connections, Barrier::source_rate);
  return refused;
}

std::optional<SessionEnd> Gate::enter_listener(Time now, std::uint64_t& number) {
  // Counted where they are not limited, too: the next configuration may limit them.
  const std::lock_guard lock(counts_->mutex);
  number = ++counts_->came;
  if (limits_.connections != 0 && counts_->connections >= limits_.connections) {
    return refuse(Barrier::listener_connections, SessionEnd::refused_limit);
  }
  if (!counts_->bucket.admit(limits_.rate, now)) return refuse(Barrier::listener_rate, SessionEnd::refused_rate);
  ++counts_->connections;
  return std::nullopt;
}

void Gate::leave_listener() {
  const std::lock_guard lock(counts_->mutex);
  --counts_->connections;
}

void Gate::leave(const std::optional<ClientAddress>& source, bool cut) {
  if (const auto address = source ? source->ip() : std::nullopt) {
    sources_.leave(*address);
    process_sources_.leave(*address);
  }
  leave_listener();
  process_.leave(descriptors_, cut);
}

SessionEnd Gate::refuse(SessionEnd why, Barrier connections, Barrier rate) {
  if (why == SessionEnd::refused_limit) return refuse(connections, why);
  if (why == SessionEnd::refused_rate) return refuse(rate, why);
  return why;  // no memory, which is no limit of ours
}

SessionEnd Gate::refuse(Barrier barrier, SessionEnd why) {
  counts_->refusals[static_cast<std::size_t>(barrier)].fetch_add(1, std::memory_order_relaxed);
  return why;
}

void Gate::add_refusals(std::map<std::string, std::uint64_t>& total) const {
  static constexpr std::array kNames{"process_connections",
                                     "process_rate",
                                     "listener_connections",
                                     "listener_rate",
                                     "source_connections",
                                     "source_rate",
                                     "rules",
                                     "trusted"};
  static_assert(kNames.size() == static_cast<std::size_t>(Barrier::count_));
  for (std::size_t i = 0; i < kNames.size(); ++i)
    total[kNames[i]] += counts_->refusals[i].load(std::memory_order_relaxed);
}

}  // namespace weir
