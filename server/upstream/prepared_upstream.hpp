#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/endpoint.hpp"
#include "common/tls/renewable.hpp"
#include "server/config/server_config.hpp"
#include "server/upstream/backend_entry.hpp"

namespace weir {

/// Whether both hold the same; a resolver may shuffle them.
inline bool same_endpoints(const std::vector<Endpoint>& one, const std::vector<Endpoint>& other) {
  return std::is_permutation(one.begin(), one.end(), other.begin(), other.end());
}

/// What an Upstream is made of. Whatever can block or fail was done before (server/prepare_upstream.hpp).
struct PreparedUpstream {
  /// One of the configuration's `servers`.
  struct Entry {
    std::shared_ptr<const BackendEntry> entry;
    std::vector<Endpoint> endpoints;  ///< what its address stands for; none where a name is looked up later
  };

  std::shared_ptr<const UpstreamConfig> config;
  std::vector<Entry> entries;               ///< in the order of the configuration
  std::vector<Endpoint> sources;            ///< the addresses of `bind_source`
  std::uint64_t seed = 0;                   ///< for policies that pick at random
  std::shared_ptr<tls::Origination> tls{};  ///< what its backends are spoken to with; null = in the clear

  BackendEntries backend_entries() const {
    BackendEntries list;
    for (const Entry& any : entries) list.push_back(any.entry);
    return list;
  }
};

}  // namespace weir
