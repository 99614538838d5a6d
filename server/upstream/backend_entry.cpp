#include "server/upstream/backend_entry.hpp"

#include <map>

namespace weir {

namespace {

std::string target_of(const BackendConfig& config) {
  if (!config.dns) return config.address.to_string();
  const std::string record = config.dns->record == DnsName::Record::srv ? "srv" : "a";
  return record + " " + config.dns->name + ":" + std::to_string(config.dns->port);
}

}  // namespace

BackendEntries make_entries(const std::vector<BackendConfig>& servers) {
  BackendEntries entries;
  std::map<std::string, std::size_t> seen;
  for (const BackendConfig& config : servers) {
    const std::string target = target_of(config);
    entries.push_back(std::make_shared<const BackendEntry>(BackendEntry{{target, seen[target]++}, config}));
  }
  return entries;
}

}  // namespace weir
