#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// Tells the configured entries of an upstream apart by what they say, so that an entry is the same one wherever it
/// stands in the list, and in another configuration that says it too.
struct BackendKey {
  std::string target;       ///< the address; or the record, name and port of one that is looked up
  std::size_t ordinal = 0;  ///< among the entries with the same target

  auto operator<=>(const BackendKey&) const = default;
};

/// One entry of an upstream's `servers`: a backend, or a name that stands for some. Immutable.
struct BackendEntry {
  BackendKey key;
  BackendConfig config;
};

using BackendEntries = std::vector<std::shared_ptr<const BackendEntry>>;

/// The entries in the order of the configuration.
BackendEntries make_entries(const std::vector<BackendConfig>& servers);

}  // namespace weir
