#include "server/prepared_reload.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include "server/config/config_loader.hpp"
#include "server/log_files.hpp"
#include "server/make_service.hpp"
#include "server/open_tls_libraries.hpp"
#include "server/prepare_upstream.hpp"
#include "server/toxiproxy/endpoint_config.hpp"

namespace weir {

namespace {

bool has_files(const ListenerConfig& config) {
  return !config.access.allow_file.empty() || !config.access.deny_file.empty() || config.tls.has_value();
}

/// One reload in the making.
class Preparation {
 public:
  Preparation(const RunningState& running, std::shared_ptr<const ServerConfig> next)
      : running_(running), next_(*next), sources_change_(sources_change(running.config->limits, next->limits)) {
    prepared_.sources = sources_change_
                            ? SourceTable(next->limits.per_source, next->limits.rate_per_source, running.sources)
                            : running.sources;
    prepared_.plan = plan_capacity(*next, read_machine_limits(), running.pipes_per_worker);
    prepared_.config_hash = hash_of_config(*next);
    prepared_.config = std::move(next);
    for (const ListenerConfig& listener : running.config->listeners) before_.emplace(listener.name, &listener);
  }

  PreparedReload finish(ReloadPurpose purpose) {
    for (const UpstreamConfig& upstream : next_.upstreams) {
      attempt("", [&] { prepare(upstream); });
    }
    throw_if_any();
    for (const ListenerConfig& listener : next_.listeners) {
      std::vector<Claim>& claims = claims_[listener.name];
      if (is_drained(listener.name) || !listener.is_open()) continue;
      attempt("listener " + listener.name + ": ", [&] {
        for (const BindPlace& place : bind_places(listener, running_.handed_over)) claims.push_back({place, {}});
      });
    }
    throw_if_any();
    claim_sockets();
    for (const ListenerConfig& listener : next_.listeners) {
      attempt("listener " + listener.name + ": ", [&] { prepare(listener); });
    }
    attempt("", [&] {
      if (next_.admin) prepared_.admin = admin::Endpoint::prepare(*next_.admin, running_.admin, running_.handed_over);
    });
    attempt("", [&] {
      if (!next_.faults || !next_.faults->api) return;
      prepared_.faults_api =
          admin::Endpoint::prepare(toxiproxy::endpoint_config(*next_.faults->api), running_.faults_api,
                                   running_.handed_over, nullptr, toxiproxy::kEndpointName);
    });
    throw_if_any();
    if (purpose == ReloadPurpose::look) {
      look_at_logs();
      throw_if_any();
      return std::move(prepared_);
    }
    attempt("access_log: ", [&] { prepare_access_log(); });
    attempt("tls.ticket_keys: ", [&] { tls::TicketKeys(next_.tls.ticket_keys, io::Clock::now()); });
    attempt("", [&] {
      if (next_.log != running_.config->log) prepared_.log = prepare_log(log_target(next_.log));
    });
    throw_if_any();
    // Last, because whoever is connected from here on must be served.
    for (auto& [name, prepared] : prepared_.listeners) {
      attempt("listener " + name + ": ", [&, &made = prepared] {
        for (const PreparedSocket& socket : made.sockets) {
          if (const auto* opened = std::get_if<ListeningSocket>(&socket)) opened->listen(made.backlog);
        }
      });
    }
    throw_if_any();
    return std::move(prepared_);
  }

 private:
  static bool sources_change(const LimitsConfig& before, const LimitsConfig& after) {
    return before.per_source != after.per_source || before.rate_per_source != after.rate_per_source;
  }

  bool is_drained(const std::string& listener) const {
    const auto running = running_.listeners.find(listener);
    return running != running_.listeners.end() && running->second.drained;
  }

  template <typename Work>
  void attempt(const std::string& whose, Work work) {
    try {
      work();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      problems_ += (problems_.empty() ? "" : "\n") + whose + error.what();
    }
  }

  void throw_if_any() const {
    if (!problems_.empty()) throw std::runtime_error(problems_);
  }

  void prepare(const UpstreamConfig& config) {
    const auto running = running_.upstreams.find(config.name);
    // Names of servers are resolved anew, so one whose configuration is the same may change too.
    PreparedUpstream made = prepare_upstream(std::make_shared<const UpstreamConfig>(config));
    if (running == running_.upstreams.end()) {
      prepared_.new_upstreams.emplace(config.name, std::make_shared<Upstream>(std::move(made), running_.workers));
    } else if (*running->second.config != config || config.tls || moved(running->second, made)) {
      prepared_.changed_upstreams.emplace(config.name, std::move(made));
    }
  }

  /// Whether a name stands for other addresses now.
  static bool moved(const RunningState::Backends& running, const PreparedUpstream& made) {
    return std::any_of(made.entries.begin(), made.entries.end(), [&](const PreparedUpstream::Entry& entry) {
      const auto before = running.endpoints.find(entry.entry->key);
      return before != running.endpoints.end() && !same_endpoints(before->second, entry.endpoints);
    });
  }

  /// Whether an open socket, the listener's own or another's, can serve at that place. A port that was picked stays
  /// with the listener that it was picked for; another gets it by its number only where that one lets it go.
  static bool serves(const RunningState::OpenSockets::Socket& open, const BindPlace& place, bool own) {
    const bool any_free_port = place.endpoint.is_inet() && place.endpoint.port() == 0;
    if (any_free_port) return own && open.place.same_address(place);
    return open.bound == place.endpoint && open.place.dual_stack == place.dual_stack &&
           open.place.handed_over == place.handed_over;
  }

  /// Finds for each listener those of the open sockets that it goes on with: its own first.
  void claim_sockets() {
    std::set<std::pair<std::string, std::size_t>> claimed;
    const auto claim_one = [&](Claim& claim, const std::string& name, std::size_t index, bool own) {
      if (claim.kept || !serves(running_.listeners.at(name).sockets[index], claim.place, own)) return;
      if (claimed.emplace(name, index).second) claim.kept = KeptSocket{name, index, claim.place};
    };
    for (auto& [name, claims] : claims_) {
      const auto open = running_.listeners.find(name);
      if (open == running_.listeners.end()) continue;
      for (Claim& claim : claims) {
        for (std::size_t i = 0; i < open->second.sockets.size(); ++i) claim_one(claim, name, i, true);
      }
    }
    // By where they listen, because a thousand listeners may all have other names now.
    std::multimap<std::string, std::pair<const std::string*, std::size_t>> open_at;
    for (const auto& [name, open] : running_.listeners) {
      for (std::size_t i = 0; i < open.sockets.size(); ++i) {
        open_at.emplace(open.sockets[i].bound.to_string(), std::pair(&name, i));
      }
    }
    for (auto& [name, claims] : claims_) {
      for (Claim& claim : claims) {
        if (claim.kept) continue;
        const auto [first, last] = open_at.equal_range(claim.place.endpoint.to_string());
        for (auto at = first; at != last; ++at) claim_one(claim, *at->second.first, at->second.second, false);
      }
    }
    for (const Endpoint& closing : running_.closing) given_up_ports_.insert(closing.port());
    for (const auto& [name, open] : running_.listeners) {
      for (std::size_t i = 0; i < open.sockets.size(); ++i) {
        const Endpoint& bound = open.sockets[i].bound;
        if (claimed.contains({name, i}) || !bound.is_inet() || open.sockets[i].place.handed_over) continue;
        given_up_ports_.insert(bound.port());
      }
    }
  }

  void prepare(const ListenerConfig& config) {
    PreparedListener& made = prepared_.listeners[config.name];
    const auto known = before_.find(config.name);
    const ListenerConfig* const before = known == before_.end() ? nullptr : known->second;
    const auto running = running_.listeners.find(config.name);
    made.is_new_version = running == running_.listeners.end() || *before != config || sources_change_ ||
                          has_files(config) || upstream_changes(config);
    made.listener = made.is_new_version ? make_listener(config) : running->second.listener;
    made.refresh_sockets = before == nullptr || before->tcp != config.tcp ||
                           before->unix_socket != config.unix_socket ||
                           running_.config->limits.backlog != next_.limits.backlog;
    if (config.has_socket_file()) made.permissions.emplace(config.unix_socket);
    made.backlog = static_cast<int>(next_.limits.backlog);
    for (Claim& claim : claims_.at(config.name)) {
      if (claim.kept) {
        made.refresh_sockets = made.refresh_sockets || claim.kept->listener != config.name;
        made.sockets.emplace_back(*std::move(claim.kept));
        continue;
      }
      const bool given_up = claim.place.endpoint.is_inet() && given_up_ports_.contains(claim.place.endpoint.port());
      made.sockets.emplace_back(ListeningSocket(config, claim.place, made.backlog, running_.workers,
                                                given_up ? PortUse::shared : PortUse::exclusive, false));
    }
  }

  void look_at_logs() {
    for (const std::string& warning : log_file_warnings(next_)) problems_ += (problems_.empty() ? "" : "\n") + warning;
  }

  void prepare_access_log() {
    const bool remember = next_.admin.has_value();
    if (running_.config->access_log == next_.access_log && running_.config->admin.has_value() == remember) return;
    prepared_.access_log = AccessLog::prepare(next_.access_log, remember);
  }

  bool upstream_changes(const ListenerConfig& config) const {
    const auto* proxy = std::get_if<ProxyConfig>(&config.service);
    const auto changes = [this](const std::string& upstream) {
      return prepared_.changed_upstreams.contains(upstream) || prepared_.new_upstreams.contains(upstream);
    };
    return proxy != nullptr &&
           (changes(proxy->upstream) || std::any_of(proxy->routes.begin(), proxy->routes.end(),
                                                    [&](const auto& route) { return changes(route.upstream); }));
  }

  ProxyTarget proxy_target(const std::string& name) const {
    const auto added = prepared_.new_upstreams.find(name);
    if (added != prepared_.new_upstreams.end()) return ProxyTarget(added->second);
    const RunningState::Backends& running = running_.upstreams.at(name);
    const auto changed = prepared_.changed_upstreams.find(name);
    if (changed == prepared_.changed_upstreams.end()) return {running.upstream, running.config, running.tls};
    return {running.upstream, changed->second.config, changed->second.tls};
  }

  ListenerPtr make_listener(const ListenerConfig& config) const {
    Service service = make_service(config, [this](const std::string& name) { return proxy_target(name); });
    const auto open = running_.listeners.find(config.name);
    const auto removed = running_.removed.find(config.name);
    const Listener* before = open != running_.listeners.end()    ? open->second.listener.get()
                             : removed != running_.removed.end() ? removed->second.get()
                                                                 : nullptr;
    if (before == nullptr) {
      return std::make_shared<Listener>(config, std::move(service), *running_.admission, prepared_.sources,
                                        running_.workers, running_.tickets);
    }
    return std::make_shared<Listener>(config, std::move(service), *running_.admission, prepared_.sources, *before,
                                      running_.tickets);
  }

  /// What is to become of one place of a `bind` list.
  struct Claim {
    BindPlace place;
    std::optional<KeptSocket> kept;
  };

  const RunningState& running_;
  const ServerConfig& next_;
  const bool sources_change_;
  PreparedReload prepared_;
  std::map<std::string, const ListenerConfig*> before_;  ///< those that run, by their names
  std::map<std::string, std::vector<Claim>> claims_;
  std::set<std::uint16_t> given_up_ports_;
  std::string problems_;
};

}  // namespace

PreparedReload prepare_reload(const RunningState& running, std::shared_ptr<const ServerConfig> next,
                              ReloadPurpose purpose) {
  open_tls_libraries(*next, running.workers);
  return Preparation(running, std::move(next)).finish(purpose);
}

bool listens_alike(const PreparedReload& next, const ServerConfig& before) {
  if (next.config->admin.has_value() != before.admin.has_value()) return false;
  if (before.admin && next.config->admin->bind != before.admin->bind) return false;
  const auto faults_api = [](const ServerConfig& config) {
    return config.faults && config.faults->api ? std::optional(config.faults->api->bind) : std::nullopt;
  };
  if (faults_api(*next.config) != faults_api(before)) return false;
  if (next.listeners.size() != before.listeners.size()) return false;
  return std::all_of(before.listeners.begin(), before.listeners.end(), [&](const ListenerConfig& listener) {
    const auto found = next.listeners.find(listener.name);
    if (found == next.listeners.end() || found->second.listener->config().bind != listener.bind) return false;
    const std::vector<PreparedSocket>& sockets = found->second.sockets;
    return std::all_of(sockets.begin(), sockets.end(), [&listener](const PreparedSocket& socket) {
      const auto* kept = std::get_if<KeptSocket>(&socket);
      return kept != nullptr && kept->listener == listener.name;
    });
  });
}

}  // namespace weir
