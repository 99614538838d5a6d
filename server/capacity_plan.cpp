#include "server/capacity_plan.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <variant>

#include "common/counted.hpp"
#include "common/io/pipe_pool.hpp"
#include "common/tls/costs.hpp"
#include "common/units.hpp"
#include "server/admin/bounds.hpp"
#include "server/config/access_words.hpp"
#include "server/session/handshake_places.hpp"

namespace weir {
namespace {

/// A name may have an IPv4 and an IPv6 address; it is resolved when the daemon starts, and by a reload.
std::uint64_t endpoints_of(const Address& address) {
  const bool name = !address.bracketed && !address.host.empty() && !is_ipv4_address(address.host);
  return name ? 2 : 1;
}

/// The one that was handed over, and the copy that a listener accepts from. A name that stands for several needs more.
constexpr std::uint64_t kDescriptorsPerHandedOver = 2;

std::uint64_t listening_sockets(const ServerConfig& config, std::uint32_t workers) {
  std::uint64_t sockets = 0;
  for (const ListenerConfig& listener : config.listeners) {
    for (const Address& address : listener.bind) {
      if (address.is_inet()) {
        sockets += endpoints_of(address) * address.port_count * workers;
      } else {
        sockets += address.is_descriptor() ? kDescriptorsPerHandedOver : 1;
      }
    }
  }
  return sockets;
}

std::uint64_t pipes_of(const ServerConfig& config, const MachineLimits& machine) {
  if (config.relay.splice == RelayConfig::Splice::never) return 0;
  const std::uint64_t by_descriptors = machine.descriptors / 20 / kDescriptorsPerPipe;
  const std::uint64_t by_memory =
      machine.pipe_bytes == 0 ? kMostPipes : machine.pipe_bytes / 2 / io::PipePool::kCapacity;
  return std::min({kMostPipes, by_descriptors, by_memory});
}

bool is_used(const ServerConfig& config, const UpstreamConfig& upstream) {
  return std::any_of(config.listeners.begin(), config.listeners.end(), [&](const ListenerConfig& listener) {
    const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
    return proxy != nullptr && proxy->uses(upstream.name);
  });
}

CapacityPlan::Tls plan_tls(const ServerConfig& config, std::uint32_t workers) {
  CapacityPlan::Tls plan;
  plan.clients = std::any_of(config.listeners.begin(), config.listeners.end(),
                             [](const ListenerConfig& listener) { return listener.tls.has_value(); });
  plan.backends = std::any_of(config.upstreams.begin(), config.upstreams.end(), [&](const UpstreamConfig& upstream) {
    return upstream.tls.has_value() && is_used(config, upstream);
  });
  if (!plan.clients) return plan;
  plan.handshakes = config.tls.handshakes;
  plan.handshake_memory =
      std::uint64_t{workers} * plan.handshakes * (1 + HandshakePlaces::kHalfwayForEach) * tls::kMemoryPerHandshake;
  return plan;
}

/// The sides of a listener's connections that may be TLS, of the listener that has most.
std::uint64_t most_tls_sides(const ServerConfig& config) {
  std::uint64_t most = 0;
  for (const ListenerConfig& listener : config.listeners) {
    const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
    const bool backend = proxy != nullptr && std::any_of(config.upstreams.begin(), config.upstreams.end(),
                                                         [&](const UpstreamConfig& upstream) {
                                                           return upstream.tls && proxy->uses(upstream.name);
                                                         });
    most = std::max(most, std::uint64_t{listener.tls.has_value()} + std::uint64_t{backend});
  }
  return most;
}

/// TCP_USER_TIMEOUT also ends connections whose peer lives but keeps its window shut (tcp(7)).
void warn_of_user_timeout(CapacityPlan& plan, const std::string& path, milliseconds timeout,
                          const ListenerConfig& listener) {
  const milliseconds idle = listener.timeouts.idle;
  if (timeout.count() == 0 || (idle.count() != 0 && timeout >= idle)) return;
  plan.warnings.push_back(path + ".tcp.user_timeout is " + format_duration(timeout) +
                          ", but timeouts.idle of listener " + listener.name + " is " + format_duration(idle) +
                          ": a peer that only pauses its reading is cut by the former");
}

void warn_of_user_timeouts(CapacityPlan& plan, const ServerConfig& config) {
  for (const ListenerConfig& listener : config.listeners) {
    warn_of_user_timeout(plan, "listeners." + listener.name, listener.tcp.user_timeout, listener);
    const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
    for (const UpstreamConfig& upstream : config.upstreams) {
      if (proxy == nullptr || !proxy->uses(upstream.name)) continue;
      warn_of_user_timeout(plan, "upstreams." + upstream.name, upstream.tcp.user_timeout, listener);
    }
  }
}

/// Each connection to a backend takes a local port of its own (ip(7), ip_local_port_range). Only a configured limit
/// says how many are wanted.
void warn_of_ports(CapacityPlan& plan, const ServerConfig& config) {
  const std::uint64_t most = plan.limit.value_or(0);
  for (const UpstreamConfig& upstream : config.upstreams) {
    std::uint64_t places = 0;
    bool unbounded = false;
    for (const BackendConfig& server : upstream.servers) {
      places += server.dns ? kServersPerName : server.address.port_count;
      unbounded = unbounded || server.address.is_unix();
    }
    const std::uint64_t sources = std::max<std::uint64_t>(1, upstream.bind_source.size());
    const std::uint64_t ports = plan.machine.local_ports * sources * places;
    if (unbounded || ports >= most || !is_used(config, upstream)) continue;
    plan.warnings.push_back("upstreams." + upstream.name + " has ports for " + counted(ports, "connection") + ", of " +
                            grouped(most) + " that may come; add addresses to its bind_source, or servers");
  }
}

/// Clients of unix sockets have no address that `trusted` could contain.
void warn_of_untrusted_unix(CapacityPlan& plan, const ServerConfig& config) {
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.accept_proxy_protocol != ListenerConfig::ProxyHeaders::required || listener.trusted.empty()) continue;
    for (const Address& address : listener.bind) {
      if (!address.is_unix()) continue;
      plan.warnings.push_back("listeners." + listener.name + " denies every client of " + address.to_string() +
                              ": accept_proxy_protocol is required, and clients of unix sockets have no address that "
                              "trusted could hold; bind it in a listener without trusted, where the socket's "
                              "permissions say who may connect");
    }
  }
}

bool names_unix(const std::vector<std::string>& rules) {
  return std::find(rules.begin(), rules.end(), kUnixClients) != rules.end();
}

/// Whoever refuses most addresses may think that this refuses clients of unix sockets too.
void warn_of_unruled_unix(CapacityPlan& plan, const ServerConfig& config) {
  for (const ListenerConfig& listener : config.listeners) {
    const AccessConfig& access = listener.access;
    const bool all_denied = std::any_of(access.deny.begin(), access.deny.end(),
                                        [](const std::string& range) { return range.ends_with("/0"); });
    const bool restricted = !access.allow.empty() || !access.allow_file.empty() || all_denied;
    if (!restricted || names_unix(access.allow) || names_unix(access.deny)) continue;
    for (const Address& address : listener.bind) {
      if (!address.is_unix()) continue;
      plan.warnings.push_back("listeners." + listener.name + " lets in every client of " + address.to_string() +
                              ": allow and deny are about addresses, which clients of unix sockets do not have; write "
                              "unix into deny to refuse them, or into allow if that is meant");
    }
  }
}

void warn_of_tls(CapacityPlan& plan, const ServerConfig& config) {
  for (const UpstreamConfig& upstream : config.upstreams) {
    if (!upstream.tls || upstream.tls->verify != tls::ClientOptions::Verify::none) continue;
    plan.warnings.push_back("upstreams." + upstream.name +
                            ".tls.verify is none: whoever answers in a backend's place is believed; write full, and "
                            "into ca who signs the backends' certificates");
  }
  for (const ListenerConfig& listener : config.listeners) {
    const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
    if (proxy == nullptr) continue;
    for (std::size_t at = 0; at < proxy->routes.size(); ++at) {
      const RouteConfig& route = proxy->routes[at];
      const auto upstream = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                                         [&](const UpstreamConfig& one) { return one.name == route.upstream; });
      if (route.tls != RouteConfig::Tls::pass || upstream == config.upstreams.end() || !upstream->tls) continue;
      plan.warnings.push_back("listeners." + listener.name + ".proxy.routes." + std::to_string(at) +
                              " passes clients' TLS on to upstream " + upstream->name +
                              ", which is spoken to in TLS itself, so it gets TLS within TLS; write tls: terminate, or "
                              "an upstream without tls");
    }
  }
}

void warn(CapacityPlan& plan, const ServerConfig& config) {
  const std::uint64_t most = plan.serves_proxied ? plan.most_proxied : plan.most_direct;
  if (plan.limit && *plan.limit > most) {
    plan.warnings.push_back("limits.connections is " + grouped(*plan.limit) + ", but descriptors suffice for " +
                            counted(most, plan.serves_proxied ? "proxied connection" : "connection") +
                            "; raise the hard limit (LimitNOFILE=, ulimit -Hn, docker --ulimit nofile)");
  } else if (most == 0) {
    plan.warnings.push_back("no descriptor is left for connections: the daemon needs " +
                            grouped(plan.reserved.total()) + " for itself, and the hard limit is " +
                            grouped(plan.machine.descriptors) +
                            "; raise it (LimitNOFILE=, ulimit -Hn, docker --ulimit nofile)");
  }
  if (plan.machine.somaxconn != 0 && config.limits.backlog > plan.machine.somaxconn) {
    plan.warnings.push_back("limits.backlog is " + grouped(config.limits.backlog) +
                            ", but the kernel caps it at net.core.somaxconn = " + grouped(plan.machine.somaxconn));
  }
  if (plan.workers > plan.machine.cpus) {
    plan.warnings.push_back("workers is " + grouped(plan.workers) + ", but this process may use " +
                            counted(plan.machine.cpus, "CPU"));
  }
  warn_of_user_timeouts(plan, config);
  warn_of_ports(plan, config);
  warn_of_untrusted_unix(plan, config);
  warn_of_unruled_unix(plan, config);
  warn_of_tls(plan, config);
}

void describe_tls(std::ostream& out, const CapacityPlan::Tls& tls) {
  if (!tls.clients && !tls.backends) return;
  out << "\ntls          ";
  if (tls.clients) {
    out << counted(tls.handshakes, "handshake") << " at once on each worker, and " << HandshakePlaces::kHalfwayForEach
        << " times as many that wait for their clients;\n             they take " << display_size(tls.handshake_memory)
        << " at most, at " << (tls::kMemoryPerHandshake >> 10) << " KiB\n             ";
  }
  out << "an established connection takes " << (tls::kMemoryPerSide >> 10) << " KiB more for each side that is TLS";
}

}  // namespace

std::uint64_t CapacityPlan::Reserved::total() const {
  return standard_streams + log_files + spare + control_thread + workers + listening + pipes + slack + admin;
}

std::optional<std::uint64_t> CapacityPlan::connection_limit(std::uint64_t active, std::uint64_t taken) const {
  if (limit == 0u) return std::nullopt;
  return admitted.most(active, taken,
                       serves_proxied ? kDescriptorsPerProxiedConnection : kDescriptorsPerDirectConnection);
}

std::optional<std::uint64_t> CapacityPlan::most_connections() const {
  if (limit == 0u) return std::nullopt;
  return admitted.most(0, 0, serves_direct ? kDescriptorsPerDirectConnection : kDescriptorsPerProxiedConnection);
}

CapacityPlan plan_capacity(const ServerConfig& config, const MachineLimits& machine,
                           std::optional<std::uint64_t> pipes_per_worker) {
  CapacityPlan plan;
  plan.machine = machine;
  plan.workers_auto = !config.workers;
  plan.workers = config.workers.value_or(std::max(machine.cpus, 1u));

  const bool apart = config.access_log.enabled && config.access_log.file != config.log.file;
  plan.reserved.log_files = kDescriptorsPerLog * (apart ? 2 : 1);
  for (const UpstreamConfig& upstream : config.upstreams) {
    for (const BackendConfig& server : upstream.servers) {
      if (upstream.health) plan.reserved.control_thread += server.dns ? kServersPerName : 1;
      if (server.dns) plan.reserved.control_thread += kDescriptorsPerLookup;
    }
  }
  plan.reserved.workers = std::uint64_t{3} * plan.workers;
  plan.reserved.listening = listening_sockets(config, plan.workers);
  if (config.admin) {
    const std::uint64_t sockets = config.admin->bind.is_inet() ? endpoints_of(config.admin->bind) : 1;
    plan.reserved.admin = 2 * sockets + admin::Bounds().connections;
  }

  for (const ListenerConfig& listener : config.listeners) {
    (std::holds_alternative<ProxyConfig>(listener.service) ? plan.serves_proxied : plan.serves_direct) = true;
  }
  const std::uint64_t pipes_at_start = plan.serves_proxied ? pipes_of(config, machine) / plan.workers : 0;
  plan.pipes_per_worker = pipes_per_worker.value_or(pipes_at_start);
  plan.reserved.pipes = kDescriptorsPerPipe * plan.pipes_per_worker * plan.workers;

  const std::uint64_t reserved = plan.reserved.total();
  plan.descriptor_budget = machine.descriptors > reserved ? machine.descriptors - reserved : 0;
  plan.most_direct = plan.descriptor_budget / kDescriptorsPerDirectConnection;
  plan.most_proxied = plan.descriptor_budget / kDescriptorsPerProxiedConnection;
  plan.tls = plan_tls(config, plan.workers);
  plan.memory_per_connection += tls::kMemoryPerSide * most_tls_sides(config);
  const std::uint64_t for_connections = machine.memory / 100 * kMemoryShare;
  plan.most_by_memory = for_connections / plan.memory_per_connection;

  plan.limit = config.limits.connections;
  if (!plan.limit) {
    const std::uint64_t by_descriptors = plan.serves_proxied ? plan.most_proxied : plan.most_direct;
    plan.bound_by_memory = plan.most_by_memory != 0 && plan.most_by_memory < by_descriptors;
    plan.admitted.descriptors = plan.descriptor_budget;
    if (plan.most_by_memory != 0) plan.admitted.connections = plan.most_by_memory;
  } else if (*plan.limit != 0) {
    plan.admitted.connections = *plan.limit;
  }
  warn(plan, config);
  return plan;
}

std::string describe(const CapacityPlan& plan) {
  std::ostringstream out;
  out << "workers      " << plan.workers;
  if (plan.workers_auto) out << " (auto: this process may use " << counted(plan.machine.cpus, "CPU") << ")";
  out << "\ndescriptors  " << grouped(plan.machine.descriptors) << ", of which " << grouped(plan.reserved.total())
      << " are for the daemon itself (" << plan.reserved.listening << " listening";
  if (plan.reserved.pipes > 0) out << ", " << plan.reserved.pipes << " for " << plan.reserved.pipes / 2 << " pipes";
  out << ")";
  if (plan.serves_direct) {
    out << "\n             enough for " << counted(plan.most_direct, "echo or discard connection");
  }
  if (plan.serves_proxied) out << "\n             enough for " << counted(plan.most_proxied, "proxied connection");
  out << "\nmemory       ";
  if (plan.machine.memory == 0) {
    out << "unknown";
  } else {
    out << display_size(plan.machine.memory) << ", " << kMemoryShare << " % of it is enough for "
        << counted(plan.most_by_memory, "connection") << " at " << (plan.memory_per_connection >> 10) << " KiB";
  }
  describe_tls(out, plan.tls);
  out << "\nlimit        ";
  const std::optional<std::uint64_t> least = plan.connection_limit();
  const std::optional<std::uint64_t> most = plan.most_connections();
  if (!least) {
    out << "none: connections are refused when descriptors run out";
  } else {
    if (least != most) out << grouped(*least) << " to ";
    out << counted(*most, "connection") << " at once";
    if (!plan.limit) out << (plan.bound_by_memory ? " (auto: memory bounds it)" : " (auto: descriptors bound it)");
  }
  out << '\n';
  for (const std::string& warning : plan.warnings) out << "warning: " << warning << '\n';
  return out.str();
}

}  // namespace weir
