#include "server/data_plane.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include "server/make_service.hpp"
#include "server/open_tls_libraries.hpp"
#include "server/prepare_upstream.hpp"

namespace weir {

namespace {

bool has_connections(const Listener& listener) {
  ListenerSnapshot counts;
  listener.add_to(counts);
  return counts.active > 0;
}

}  // namespace

DataPlane::DataPlane(const ServerConfig& config, const CapacityPlan& plan, HandedOverSockets handed_over)
    : handed_over_(std::move(handed_over)),
      admission_(plan.admitted, config.limits.rate),
      sources_(config.limits.per_source, config.limits.rate_per_source),
      access_log_(config.access_log, plan.workers, config.admin.has_value()),
      tickets_(std::make_shared<tls::TicketKeys>(config.tls.ticket_keys, io::Clock::now())),
      pipes_per_worker_(plan.pipes_per_worker) {
  open_tls_libraries(config, plan.workers);
  for (const UpstreamConfig& upstream : config.upstreams) {
    upstreams_.emplace(
        upstream.name,
        std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(upstream)), plan.workers));
  }
}

void DataPlane::open(const ServerConfig& config, const CapacityPlan& plan, InheritedSockets& inherited,
                     const upgrade::Drained& drained) {
  drained_ = drained.listeners;
  std::erase_if(drained_, [&](const std::string& name) {
    return std::none_of(config.listeners.begin(), config.listeners.end(),
                        [&](const ListenerConfig& listener) { return listener.name == name; });
  });
  for (const auto& [upstream, address] : drained.backends) {
    const auto found = upstreams_.find(upstream);
    const std::shared_ptr<Backend> backend = found == upstreams_.end() ? nullptr : found->second->find(address);
    if (backend) {
      found->second->set_drained(*backend, true, "as in the previous process", io::Clock::now());
    } else {
      spdlog::warn("upstream {}: {} was drained in the previous process, but there is no such backend yet", upstream,
                   address);
    }
  }
  std::string problems;
  std::size_t failed = 0;
  for (const ListenerConfig& listener : config.listeners) {
    try {
      open(listener, static_cast<int>(config.limits.backlog), plan.workers, inherited);
    } catch (const std::exception& error) {
      problems += fmt::format("listener {}: {}\n", listener.name, error.what());
      ++failed;
    }
  }
  if (failed > 0) {
    throw std::runtime_error(
        fmt::format("{}{} of {} listeners cannot listen", problems, failed, config.listeners.size()));
  }
  for (std::size_t i = 0; i < plan.workers; ++i) {
    workers_.emplace_back(
        i, Shared{admission_, access_log_, spare_, refusals_, config.relay.splice, config.tls.handshakes},
        pipes_per_worker_);
  }
}

void DataPlane::open(const ListenerConfig& config, int backlog, std::size_t workers, InheritedSockets& inherited) {
  Service service = make_service(config, [this](const std::string& name) { return ProxyTarget(upstreams_.at(name)); });
  const auto listener = std::make_shared<Listener>(config, std::move(service), admission_, sources_, workers, tickets_);
  OpenListener& open = listeners_[config.name];
  open.listener = listener;
  if (!is_drained(config.name)) {
    open.sockets = open_listening_sockets(config, backlog, workers, handed_over_, &inherited);
  }
}

void DataPlane::own_files() {
  for (auto& [name, open] : listeners_) {
    for (ListeningSocket& socket : open.sockets) socket.own_file();
  }
}

void DataPlane::start(int backlog) {
  for (Worker& worker : workers_) worker.start(workers_);
  for (auto& [name, open] : listeners_) {
    refresh(open.sockets, open.listener->config(), backlog);
    for (Worker& worker : workers_) worker.serve(open.listener);
    for (const ListeningSocket& socket : open.sockets) {
      for (Worker& worker : workers_) worker.accept_from(socket, open.listener);
    }
  }
}

RunningState DataPlane::running(std::shared_ptr<const ServerConfig> config) {
  RunningState state;
  state.config = std::move(config);
  state.workers = workers_.size();
  state.pipes_per_worker = pipes_per_worker_;
  state.admission = &admission_;
  state.tickets = tickets_;
  state.sources = sources_;
  state.handed_over = handed_over_;
  for (const auto& [name, open] : listeners_) {
    RunningState::OpenSockets& shown = state.listeners[name];
    shown.listener = open.listener;
    shown.drained = is_drained(name);
    for (const ListeningSocket& socket : open.sockets) shown.sockets.push_back({socket.place(), socket.endpoint()});
  }
  for (const AcceptStop& stop : stops_) {
    for (const Endpoint& endpoint : stop.endpoints()) {
      if (endpoint.is_inet()) state.closing.push_back(endpoint);
    }
  }
  for (const ListenerPtr& listener : removed()) state.removed.emplace(listener->config().name, listener);
  for (const auto& [name, upstream] : upstreams_) {
    RunningState::Backends& shown = state.upstreams[name];
    shown.upstream = upstream;
    shown.config = upstream->pinned_config();
    shown.tls = upstream->pinned_tls();
    for (const std::shared_ptr<Backend>& backend : upstream->backends()) {
      if (!backend->entry().config.dns) shown.endpoints.emplace(backend->entry().key, backend->endpoints());
    }
  }
  return state;
}

void DataPlane::apply_tls(const TlsConfig& next) {
  try {
    tickets_->apply(next.ticket_keys, io::Clock::now());
  } catch (const std::runtime_error& error) {
    spdlog::error("tls.ticket_keys: {}; the keys stay as they are", error.what());  // its file has changed since
  }
  for (Worker& worker : workers_) worker.set_handshakes(next.handshakes);
}

/// All versions of a listener share its rates.
void DataPlane::apply_bandwidth(const ListenerPtr& listener, const Listener& before) {
  const BandwidthConfig& next = listener->config().limits.bandwidth;
  if (next == before.config().limits.bandwidth) return;
  listener->shaping().set_bandwidth(next);
  for (Worker& worker : workers_) worker.reshape_sessions(listener);
}

DataPlane::CertificateHolders DataPlane::certificate_holders() const {
  CertificateHolders holders;
  for (const auto& [name, open] : listeners_) {
    if (open.listener->tls()) holders.push_back(open.listener->tls());
  }
  for (const auto& [name, upstream] : upstreams_) {
    if (upstream->pinned_tls()) holders.push_back(upstream->pinned_tls());
  }
  return holders;
}

void DataPlane::apply(PreparedReload& next) {
  const io::Clock::time_point now = io::Clock::now();
  admission_.set_limits(next.plan.admitted, next.config->limits.rate);
  sources_ = next.sources;
  apply_tls(next.config->tls);
  if (next.access_log) access_log_.apply(*std::move(next.access_log));
  for (auto& [name, upstream] : next.changed_upstreams) upstreams_.at(name)->reconfigure(std::move(upstream), now);
  for (auto& [name, upstream] : next.new_upstreams) upstreams_.emplace(name, std::move(upstream));

  OpenListeners before = std::move(listeners_);
  listeners_.clear();
  std::vector<ListenerPtr> replaced;
  for (auto& [name, prepared] : next.listeners) {
    if (prepared.is_new_version) {
      for (Worker& worker : workers_) worker.serve(prepared.listener);
      for (const ListenerPtr& removed : removed_) {
        if (removed->is_same(*prepared.listener)) apply_bandwidth(prepared.listener, *removed);
      }
      const auto old = before.find(name);
      if (old != before.end()) {
        apply_bandwidth(prepared.listener, *old->second.listener);
        replaced.push_back(old->second.listener);
      }
    }
    go_on(name, prepared, before);
  }
  std::vector<ListeningSocket> given_up;
  std::vector<ListenerPtr> gone;
  for (auto& [name, open] : before) {
    for (ListeningSocket& socket : open.sockets) {
      if (!socket.is_empty()) given_up.push_back(std::move(socket));
    }
    if (listeners_.contains(name)) continue;
    removed_.push_back(open.listener);
    gone.push_back(open.listener);
  }
  left_.insert(left_.end(), gone.begin(), gone.end());
  left_.insert(left_.end(), replaced.begin(), replaced.end());
  for (const ListenerPtr& listener : replaced) {
    for (Worker& worker : workers_) worker.retire(listener);
  }
  if (!given_up.empty() || !gone.empty()) {
    stops_.emplace_back(std::move(given_up), std::move(gone), workers_, handshakes_);
  }
  std::erase_if(drained_, [&](const std::string& name) { return !listeners_.contains(name); });
  std::erase_if(removed_, [&](const ListenerPtr& listener) { return listeners_.contains(listener->config().name); });
  std::set<std::string_view> configured;
  for (const UpstreamConfig& upstream : next.config->upstreams) configured.insert(upstream.name);
  std::erase_if(upstreams_, [&](const auto& named) { return !configured.contains(named.first); });
}

/// Gives a listener its sockets: those that it had, or another one had, and new ones.
void DataPlane::go_on(const std::string& name, PreparedListener& prepared, OpenListeners& before) {
  OpenListener& open = listeners_[name];
  open.listener = prepared.listener;
  const ListenerConfig& config = open.listener->config();
  for (PreparedSocket& from : prepared.sockets) {
    auto* opened = std::get_if<ListeningSocket>(&from);
    if (opened != nullptr) {
      for (Worker& worker : workers_) worker.accept_from(*opened, open.listener);
      open.sockets.push_back(std::move(*opened));
      continue;
    }
    const auto& kept = std::get<KeptSocket>(from);
    open.sockets.push_back(std::move(before.at(kept.listener).sockets[kept.index]));
    ListeningSocket& socket = open.sockets.back();
    socket.move_to(kept.place);
    if (prepared.refresh_sockets) {
      try {
        socket.reconfigure(config.tcp, prepared.backlog, prepared.permissions);
      } catch (const std::exception& error) {
        spdlog::error("listener {}: {}; everything else of it is applied", name, error.what());
      }
    }
    if (!prepared.is_new_version && kept.listener == name) continue;
    for (Worker& worker : workers_) worker.pass_on(socket, open.listener);
  }
}

void DataPlane::copy_sockets(InheritedSockets& copies) const {
  for (const auto& [name, open] : listeners_) {
    for (std::size_t i = 0; i < open.sockets.size(); ++i) {
      const ListeningSocket& socket = open.sockets[i];
      if (socket.place().handed_over) continue;  // its owner's socket goes over as such
      const bool any_port = socket.place().endpoint.is_inet() && socket.place().endpoint.port() == 0;
      copies.add(InheritedGroup::Owner::listener, name, i, any_port, socket.descriptors());
    }
  }
}

void DataPlane::pass_on(const InheritedSockets& sockets, const std::vector<std::size_t>& left) {
  for (std::size_t place = 0; place < sockets.groups().size(); ++place) {
    const InheritedGroup& group = sockets.groups()[place];
    if (group.owner != InheritedGroup::Owner::listener || std::find(left.begin(), left.end(), place) != left.end()) {
      continue;
    }
    listeners_.at(group.name).sockets.at(group.index).pass_on();
  }
  passed_on_ = true;
}

void DataPlane::take_back(const ServerConfig& config, const CapacityPlan& plan, InheritedSockets& sockets) {
  passed_on_ = false;
  for (auto& [name, open] : listeners_) {
    if (is_drained(name) || !open.listener->config().is_open()) continue;
    try {
      open.sockets = open_listening_sockets(open.listener->config(), static_cast<int>(config.limits.backlog),
                                            plan.workers, handed_over_, &sockets);
    } catch (const std::exception& error) {
      spdlog::error("listener {}: {}; it no longer accepts anything; restart the daemon", name, error.what());
    }
    refresh(open.sockets, open.listener->config(), static_cast<int>(config.limits.backlog));
    for (const ListeningSocket& socket : open.sockets) {
      for (Worker& worker : workers_) worker.accept_from(socket, open.listener);
    }
  }
  own_files();
}

ListenerPtr DataPlane::find(const std::string& name) {
  const auto open = listeners_.find(name);
  if (open != listeners_.end()) return open->second.listener;
  const auto removed = std::find_if(removed_.begin(), removed_.end(),
                                    [&](const ListenerPtr& listener) { return listener->config().name == name; });
  return removed == removed_.end() ? nullptr : *removed;
}

void DataPlane::set_faults(const ListenerPtr& listener, faults::FaultSetPtr faults) {
  listener->shaping().set_faults(std::move(faults));
  for (Worker& worker : workers_) worker.reshape_sessions(listener);
}

void DataPlane::settle(const std::function<void()>& done) {
  const auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
  for (Worker& worker : workers_) {
    worker.settle([left, done] {
      if (left->fetch_sub(1) == 1) done();
    });
  }
}

bool DataPlane::release_left() {
  std::erase_if(left_, [](const ListenerPtr& listener) { return listener.use_count() == 1; });
  return !left_.empty();
}

const std::list<ListenerPtr>& DataPlane::removed() {
  // While sockets are being closed, more connections of theirs may come.
  if (stops_.empty()) {
    std::erase_if(removed_, [](const ListenerPtr& listener) { return !has_connections(*listener); });
  }
  return removed_;
}

bool DataPlane::drain_listener(const std::string& name) {
  if (!drained_.insert(name).second) return false;
  // It is not retired: its connections go on, and it may get sockets again.
  stops_.emplace_back(std::exchange(listeners_.at(name).sockets, {}), std::vector<ListenerPtr>(), workers_,
                      handshakes_);
  return true;
}

bool DataPlane::enable_listener(const std::string& name, int backlog) {
  if (!is_drained(name)) return false;
  OpenListener& open = listeners_.at(name);
  const ListenerConfig& config = open.listener->config();
  std::vector<ListeningSocket> sockets;
  for (const BindPlace& place : bind_places(config, handed_over_)) {
    sockets.emplace_back(config, place, backlog, workers_.size(), use_of(place.endpoint), false);
  }
  // Last, because whoever is connected from here on must be served.
  for (const ListeningSocket& socket : sockets) socket.listen(backlog);
  open.sockets = std::move(sockets);
  drained_.erase(name);
  for (const ListeningSocket& socket : open.sockets) {
    for (Worker& worker : workers_) worker.accept_from(socket, open.listener);
  }
  return true;
}

/// Sockets that are being closed may serve their last handshakes beside new ones of the same port.
PortUse DataPlane::use_of(const Endpoint& endpoint) const {
  const auto has_port = [&](const Endpoint& other) { return other.is_inet() && other.port() == endpoint.port(); };
  const bool closes = std::any_of(stops_.begin(), stops_.end(), [&](const AcceptStop& stop) {
    const std::vector<Endpoint> closing = stop.endpoints();
    return std::any_of(closing.begin(), closing.end(), has_port);
  });
  return endpoint.is_inet() && closes ? PortUse::shared : PortUse::exclusive;
}

std::optional<std::chrono::milliseconds> DataPlane::close_all(bool at_once) {
  std::vector<ListeningSocket> sockets;
  std::vector<ListenerPtr> gone;
  for (auto& [name, open] : listeners_) {
    for (ListeningSocket& socket : open.sockets) sockets.push_back(std::move(socket));
    open.sockets.clear();
    if (!passed_on_) gone.push_back(open.listener);
  }
  if (!sockets.empty()) stops_.emplace_back(std::move(sockets), std::move(gone), workers_, handshakes_);
  return close_removed(at_once);
}

std::optional<std::chrono::milliseconds> DataPlane::close_removed(bool at_once) {
  std::optional<std::chrono::milliseconds> next;
  for (auto stop = stops_.begin(); stop != stops_.end();) {
    const auto pause = stop->advance(at_once);
    if (!pause) {
      stop = stops_.erase(stop);
      continue;
    }
    next = next ? std::min(*next, *pause) : *pause;
    ++stop;
  }
  return next;
}

void DataPlane::close_idle(const DrainSpread& spread, DrainSpread::Time until) {
  if (!closing_idle_.expired()) return;
  const auto token = std::make_shared<char>();
  closing_idle_ = token;
  for (Worker& worker : workers_) worker.close_idle(spread, until, token);
}

void DataPlane::cut_sessions() {
  for (Worker& worker : workers_) worker.cut_sessions();
}

void DataPlane::cut_sessions(const ListenerPtr& listener) {
  for (Worker& worker : workers_) worker.cut_sessions(listener);
}

void DataPlane::join() {
  for (Worker& worker : workers_) worker.join();
}

}  // namespace weir
