#include "server/live_daemon.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "common/faults/kind_names.hpp"
#include "common/tls/certificate_facts.hpp"
#include "server/config/config_loader.hpp"
#include "server/log_files.hpp"
#include "server/observe/process_figures.hpp"

namespace weir {

namespace {

using admin::Change;

/// How often the workers are measured.
constexpr std::chrono::seconds kTick{1};

std::string_view word_for(const EchoService&) { return "echo"; }
std::string_view word_for(const DiscardService&) { return "discard"; }
std::string_view word_for(const ProxyService&) { return "proxy"; }

Change change_of(FaultBoard::Outcome outcome) {
  switch (outcome) {
    case FaultBoard::Outcome::done:
      return Change::done;
    case FaultBoard::Outcome::already:
      return Change::already;
    case FaultBoard::Outcome::not_found:
      return Change::not_found;
  }
  return Change::not_found;
}

ListenerFaultsSnapshot faults_snapshot(const ListenerFaults& on, const Shaping& shaping) {
  ListenerFaultsSnapshot shown;
  shown.active = on.faults.size();
  std::chrono::milliseconds left{0};
  bool stays = on.faults.empty();
  for (const FaultSnapshot& fault : on.faults) {
    stays = stays || !fault.left;
    left = std::max(left, fault.left.value_or(left));
  }
  if (!stays) shown.left = left;
  const Shaping::Counts met = shaping.met();
  const auto names = faults::kind_names();
  for (std::size_t kind = 0; kind < names.size(); ++kind) shown.met.emplace(names[kind], met[kind]);
  return shown;
}

ListenerSnapshot listener_snapshot(const Listener& listener, const std::vector<ListeningSocket>& sockets) {
  ListenerSnapshot shown;
  shown.name = listener.config().name;
  shown.service = std::visit([](const auto& service) { return word_for(service); }, listener.service());
  const auto* proxy = std::get_if<ProxyService>(&listener.service());
  if (proxy != nullptr && proxy->upstream) shown.upstream = proxy->upstream->name();
  shown.bound = bound_addresses(sockets);
  listener.add_to(shown);
  return shown;
}

}  // namespace

LiveDaemon::LiveDaemon(boost::asio::io_context& context, Parts parts)
    : parts_(std::move(parts)),
      config_hash_(hash_of_config(*parts_.config)),
      log_level_(parts_.config->log.level),
      connections_(context.get_executor(), parts_.data_plane.workers()),
      timer_(context) {}

void LiveDaemon::take_config(const std::string& hash) {
  config_loaded_ = std::chrono::system_clock::now();
  config_hash_ = hash;
}

void LiveDaemon::keep_history() {
  if (std::exchange(keeping_history_, true)) return;
  history_.add(traffic_snapshot());
  for (Worker& worker : parts_.data_plane.workers()) worker.probe();
  timer_.expires_after(kTick);
  wait_for_tick();
}

void LiveDaemon::wait_for_tick() {
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void LiveDaemon::tick() {
  timer_.expires_at(timer_.expiry() + kTick);
  wait_for_tick();  // first, so that a lack of memory in what follows costs one step
  for (Worker& worker : parts_.data_plane.workers()) worker.probe();
  constexpr std::uint64_t kTicksAStep = History::kStep / kTick;
  if (++ticks_ % kTicksAStep == 0) history_.add(traffic_snapshot());
}

ServerSnapshot LiveDaemon::snapshot() {
  const Admission::Totals totals = parts_.data_plane.admission().totals();
  ServerSnapshot now = traffic_snapshot(totals);
  now.process = process_snapshot(totals);
  now.tls = tls_snapshot();
  add_faults(now);
  return now;
}

/// A listener that was removed has no faults any more.
void LiveDaemon::add_faults(ServerSnapshot& now) const {
  const std::optional<FaultsSnapshot> faults = parts_.faults.snapshot();
  if (!faults) return;
  for (const ListenerFaults& on : faults->listeners) {
    const auto open = parts_.data_plane.listeners().find(on.listener);
    const auto shown = std::find_if(now.listeners.begin(), now.listeners.end(),
                                    [&](const ListenerSnapshot& one) { return one.name == on.listener; });
    if (open == parts_.data_plane.listeners().end() || shown == now.listeners.end()) continue;
    shown->faults = faults_snapshot(on, open->second.listener->shaping());
  }
}

ServerSnapshot LiveDaemon::traffic_snapshot() const { return traffic_snapshot(parts_.data_plane.admission().totals()); }

ServerSnapshot LiveDaemon::traffic_snapshot(const Admission::Totals& totals) const {
  ServerSnapshot now;
  now.time = std::chrono::system_clock::now();
  now.draining = parts_.data_plane.admission().draining();
  now.ready = !now.draining;
  now.active = totals.active;
  now.ended_in_drain = totals.ended;
  now.cut_in_drain = totals.cut;
  for (const Worker& worker : parts_.data_plane.workers()) now.workers.push_back(worker.snapshot());
  for (const ListenerConfig& config : parts_.config->listeners) {
    const auto open = parts_.data_plane.listeners().find(config.name);
    if (open == parts_.data_plane.listeners().end()) continue;
    now.listeners.push_back(listener_snapshot(*open->second.listener, open->second.sockets));
    now.listeners.back().drained = parts_.data_plane.is_drained(config.name);
  }
  for (const ListenerPtr& listener : parts_.data_plane.removed()) {
    now.listeners.push_back(listener_snapshot(*listener, {}));
  }
  for (const UpstreamConfig& config : parts_.config->upstreams) {
    now.upstreams.push_back(parts_.data_plane.upstreams().at(config.name)->snapshot(io::Clock::now()));
  }
  return now;
}

std::optional<TlsSnapshot> LiveDaemon::tls_snapshot() const {
  std::optional<TlsSnapshot> shown;
  const auto add = [&](const std::vector<tls::CertificateFacts>& certificates) {
    if (!shown) shown.emplace();
    for (const tls::CertificateFacts& facts : certificates) {
      shown->certificates.push_back({.name = facts.name, .file = facts.file, .expires = facts.until});
    }
  };
  for (const auto& [name, open] : parts_.data_plane.listeners()) {
    if (open.listener->tls()) add(open.listener->tls()->certificates());
  }
  for (const auto& [name, upstream] : parts_.data_plane.upstreams()) {
    if (upstream->pinned_tls()) add(upstream->pinned_tls()->certificates());
  }
  if (!shown) return shown;
  const tls::TicketKeys::Counts tickets = parts_.data_plane.tickets()->counts();
  shown->tickets_accepted = tickets.accepted;
  shown->tickets_unknown = tickets.unknown_key;
  std::tie(shown->reloads, shown->failed_reloads) = parts_.certificate_reloads();
  return shown;
}

ProcessSnapshot LiveDaemon::process_snapshot(const Admission::Totals& totals) const {
  ProcessSnapshot process = read_process_figures();
  process.started = started_;
  process.config_loaded = config_loaded_;
  process.config_file = parts_.config_file;
  process.config_hash = config_hash_;
  process.connection_limit = parts_.plan.connection_limit(totals.active, totals.descriptors).value_or(0);
  process.lost_log_lines = lost_log_lines();
  process.lost_records = parts_.data_plane.access_log().lost();
  return process;
}

upgrade::Drained LiveDaemon::drained() const {
  upgrade::Drained drained;
  const ServerSnapshot now = traffic_snapshot();
  for (const ListenerSnapshot& listener : now.listeners) {
    if (listener.drained) drained.listeners.insert(listener.name);
  }
  for (const UpstreamSnapshot& upstream : now.upstreams) {
    for (const BackendSnapshot& backend : upstream.backends) {
      if (backend.state == BackendState::drained) drained.backends.emplace(upstream.name, backend.name);
    }
  }
  return drained;
}

std::string LiveDaemon::effective_config() const { return dump_config(*parts_.config); }

std::vector<SessionRecord> LiveDaemon::recent_records(bool failed, std::size_t most) {
  return parts_.data_plane.access_log().recent(failed, most);
}

net::awaitable<ConnectionPage> LiveDaemon::connections(ConnectionQuery query) {
  const auto live = co_await connections_.look();
  co_return select_connections(*live, query);
}

net::awaitable<std::vector<SourceSummary>> LiveDaemon::top_sources(std::size_t most) {
  const auto live = co_await connections_.look();
  co_return summarize_sources(*live, most);
}

net::awaitable<Change> LiveDaemon::kill(std::uint64_t id) {
  const ConnectionWatch::Killed killed = co_await connections_.kill(id);
  if (killed == ConnectionWatch::Killed::yes) co_return Change::done;
  if (killed == ConnectionWatch::Killed::not_found) co_return Change::not_found;
  throw std::runtime_error("a worker is too busy to say whether it has the connection; try again");
}

Change LiveDaemon::set_drained(const std::string& upstream, const std::string& backend, bool drained) {
  const auto found = parts_.data_plane.upstreams().find(upstream);
  if (found == parts_.data_plane.upstreams().end()) return Change::not_found;
  const std::shared_ptr<Backend> which = found->second->find(backend);
  if (!which) return Change::not_found;
  // The other process has been told already what is drained.
  if (const std::string upgrading = parts_.upgrading(); !upgrading.empty()) throw admin::Conflict(upgrading);
  const bool news = found->second->set_drained(*which, drained, "by the admin endpoint", io::Clock::now());
  return news ? Change::done : Change::already;
}

Change LiveDaemon::drain_backend(const std::string& upstream, const std::string& backend) {
  return set_drained(upstream, backend, true);
}

Change LiveDaemon::enable_backend(const std::string& upstream, const std::string& backend) {
  return set_drained(upstream, backend, false);
}

net::awaitable<Change> LiveDaemon::set_listener_drained(std::string name, bool drained) {
  // What a reload has prepared counts on the sockets that there were.
  co_await parts_.until_no_reload();
  if (parts_.data_plane.admission().draining()) throw admin::Conflict("the daemon is draining");
  if (!parts_.data_plane.listeners().contains(name)) co_return Change::not_found;
  co_return parts_.set_listener_drained(name, drained) ? Change::done : Change::already;
}

net::awaitable<Change> LiveDaemon::drain_listener(std::string name) {
  return set_listener_drained(std::move(name), true);
}

net::awaitable<Change> LiveDaemon::enable_listener(std::string name) {
  return set_listener_drained(std::move(name), false);
}

Change LiveDaemon::drain() { return parts_.drain() ? Change::done : Change::already; }

Change LiveDaemon::set_fault(const std::string& listener, faults::Fault fault, const std::string& who) {
  return change_of(parts_.faults.set(listener, std::move(fault), who));
}

Change LiveDaemon::remove_fault(const std::string& listener, const std::string& name, const std::string& who) {
  return change_of(parts_.faults.remove(listener, name, who));
}

Change LiveDaemon::clear_faults(const std::optional<std::string>& listener, const std::string& who) {
  return change_of(parts_.faults.clear(listener, who));
}

net::awaitable<admin::Reload> LiveDaemon::reload(bool dry_run) {
  admin::Reload outcome = co_await parts_.reload(dry_run);
  co_return outcome;
}

net::awaitable<admin::Upgrade> LiveDaemon::upgrade() {
  admin::Upgrade outcome = co_await parts_.upgrade();
  co_return outcome;
}

void LiveDaemon::set_log_level(LogLevel level) {
  log_level_ = level;
  weir::set_log_level(level_of(level));
}

}  // namespace weir
