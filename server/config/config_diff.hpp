#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// A key whose value differs, as the effective configuration shows it, fit for a terminal.
struct KeyChange {
  std::string path;      ///< from the section around it: `timeouts.idle`
  std::string before{};  ///< `10m`; "absent" where the key is not shown; empty for a list whose order means nothing
  std::string after{};
  std::vector<std::string> added{};    ///< the items that such a list gets
  std::vector<std::string> removed{};  ///< the items that it loses

  bool operator==(const KeyChange&) const = default;
};

enum class ItemChange { added, removed, changed };

struct ListenerDiff {
  std::string name;
  ItemChange change = ItemChange::changed;
  std::vector<KeyChange> keys{};      ///< of one that is changed, without its `bind`
  std::vector<std::string> opened{};  ///< addresses that it begins to listen on; each port of a range is one
  std::vector<std::string> closed{};  ///< those that it no longer listens on

  bool operator==(const ListenerDiff&) const = default;
};

/// An entry of an upstream's `servers`, which are told apart as in BackendKey (server/upstream/backend_entry.hpp).
struct BackendDiff {
  std::string target;       ///< the address; or the record, name and port of one that is looked up
  std::size_t ordinal = 0;  ///< among the entries with the same target, from 0
  ItemChange change = ItemChange::changed;
  std::vector<KeyChange> keys{};  ///< of one that is changed

  bool operator==(const BackendDiff&) const = default;
};

struct UpstreamDiff {
  std::string name;
  ItemChange change = ItemChange::changed;
  std::vector<KeyChange> keys{};        ///< of one that is changed, without its `servers`
  std::vector<BackendDiff> backends{};  ///< all of one that is added or removed

  bool operator==(const UpstreamDiff&) const = default;
};

/// A change that a running daemon cannot make.
struct RefusedChange {
  KeyChange key;
  std::string instead;  ///< `restart or upgrade the daemon`

  /// `workers: 2 -> 4 cannot change while it runs; restart or upgrade the daemon`
  std::string to_string() const;

  bool operator==(const RefusedChange&) const = default;
};

/// What one configuration changes of another. A value.
struct ConfigDiff {
  std::vector<KeyChange> process{};       ///< keys outside listeners and upstreams
  std::vector<ListenerDiff> listeners{};  ///< in the order of the running configuration, then those that are added
  std::vector<UpstreamDiff> upstreams{};  ///< likewise
  std::vector<RefusedChange> refused{};   ///< these keys stand here alone
  bool cuts_removed = false;              ///< what the next configuration says: `removed_listener: cut`
  std::string drain_timeout{};            ///< of the next configuration, as it shows it

  /// Nothing differs.
  bool empty() const { return process.empty() && listeners.empty() && upstreams.empty() && refused.empty(); }

  bool operator==(const ConfigDiff&) const = default;
};

/// Compares the effective configurations key by key. Listeners and upstreams are told apart by their names; the order
/// of lists counts only where it means something. What a file holds that a key only names (`allow_file`, say) is not
/// compared.
ConfigDiff diff_configs(const ServerConfig& running, const ServerConfig& next);

/// The same for effective configurations as dump_config() wrote them, of whichever version. Throws ConfigError where
/// one cannot be read.
ConfigDiff diff_dumps(const std::string& running, const std::string& next);

}  // namespace weir
