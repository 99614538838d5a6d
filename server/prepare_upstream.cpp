#include "server/prepare_upstream.hpp"

#include <algorithm>
#include <cerrno>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "common/io/stream.hpp"
#include "server/upstream/source_pool.hpp"

namespace weir {

namespace {

/// The address as an endpoint, once a socket was bound to it.
Endpoint probe_source(const std::string& upstream, const std::string& address) {
  const Endpoint source = ip_endpoint(address);
  const io::Descriptor probe = io::open_stream_socket(source.family());
  const int error = probe ? bind_source(probe.get(), source) : errno;
  if (error == 0) return source;
  throw std::runtime_error("upstream " + upstream + ": cannot connect from " + address + ": " +
                           std::generic_category().message(error) +
                           (error == EADDRNOTAVAIL ? "; give this machine the address first" : ""));
}

std::vector<Endpoint> look_up(const UpstreamConfig& upstream, const Address& backend) try {
  return resolve(backend, AddressUse::target);
} catch (const std::runtime_error& error) {
  throw std::runtime_error("upstream " + upstream.name + ": " + error.what());
}

void check_reachable(const PreparedUpstream& upstream, const PreparedUpstream::Entry& backend) {
  const SourcePool sources(upstream.sources);
  const std::vector<Endpoint>& endpoints = backend.endpoints;
  if (std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& to) { return sources.reaches(to); })) return;
  throw std::runtime_error("upstream " + upstream.config->name +
                           ": bind_source has no address of the family of backend " +
                           backend.entry->config.address.to_string() + ", which is " + endpoints.front().to_string());
}

}  // namespace

PreparedUpstream prepare_upstream(std::shared_ptr<const UpstreamConfig> config) {
  PreparedUpstream prepared{std::move(config), {}, {}, std::random_device()()};
  if (prepared.config->tls) {
    try {
      prepared.tls = std::make_shared<tls::Origination>("upstream " + prepared.config->name, *prepared.config->tls);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error("upstream " + prepared.config->name + ": " + error.what());
    }
  }
  for (const std::string& address : prepared.config->bind_source) {
    prepared.sources.push_back(probe_source(prepared.config->name, address));
  }
  for (auto& entry : make_entries(prepared.config->servers)) {
    const BackendConfig& backend = entry->config;
    PreparedUpstream::Entry next{entry, {}};
    if (!backend.dns) {
      next.endpoints = look_up(*prepared.config, backend.address);
      check_reachable(prepared, next);
    }
    prepared.entries.push_back(std::move(next));
  }
  return prepared;
}

}  // namespace weir
