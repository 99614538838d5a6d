#include <algorithm>
#include <utility>
#include <vector>

#include "server/upstream/upstream.hpp"

/// How an upstream goes on with another configuration while it serves.
namespace weir {

namespace {

Standing standing_of(const BackendConfig& config) {
  return {config.weight * Standing::kWhole, config.backup ? Standing::kBackup : 0};
}

/// Where a member of a name stands until the name is looked up again, which happens at once.
Standing moved_standing(Standing standing, bool was_backup, const BackendConfig& config) {
  if (was_backup && !config.backup) standing.rank -= Standing::kBackup;
  if (!was_backup && config.backup) standing.rank += Standing::kBackup;
  return standing;
}

}  // namespace

std::shared_ptr<Backend> Upstream::make_configured(const PreparedUpstream::Entry& entry) {
  const BackendConfig& config = entry.entry->config;
  return std::make_shared<Backend>(entry.entry, *this, sources_, config.address.to_string(), entry.endpoints,
                                   standing_of(config), workers_);
}

void Upstream::reconfigure(PreparedUpstream prepared, Time now) {
  const bool same_sources = sources_->addresses() == prepared.sources;
  BackendEntries entries = prepared.backend_entries();
  std::shared_ptr<const SourcePool> sources =
      same_sources ? sources_ : std::make_shared<const SourcePool>(std::move(prepared.sources));
  const auto make = [&](const std::shared_ptr<const BackendEntry>& entry, const std::string& name,
                        const std::vector<Endpoint>& endpoints, Standing standing) {
    return std::make_shared<Backend>(entry, *this, sources, name, endpoints, standing, workers_);
  };

  Tiers::Backends next;
  BackendEntries configured;                                                              // of each of `next`
  std::vector<std::pair<std::shared_ptr<Backend>, std::shared_ptr<Backend>>> successors;  // and who they come after
  const auto add = [&](std::shared_ptr<Backend> backend, const std::shared_ptr<const BackendEntry>& entry,
                       Standing standing) {
    if (!same_sources && backend->pool_ != sources) {
      auto successor = make(entry, *backend->name(), backend->endpoints(), standing);
      successors.emplace_back(successor, backend);
      backend = std::move(successor);
    }
    next.emplace_back(std::move(backend), standing);
    configured.push_back(entry);
  };
  for (const PreparedUpstream::Entry& any : prepared.entries) {
    const BackendConfig& config = any.entry->config;
    if (config.dns) {
      for (const auto& backend : backends_) {
        const BackendEntry& before = backend->entry();
        if (before.key != any.entry->key) continue;
        add(backend, any.entry, moved_standing(backend->standing_, before.config.backup, config));
      }
      continue;
    }
    const Backends known = known_of(any.entry->key);
    const auto same = std::find_if(known.begin(), known.end(), [&](const auto& backend) {
      return same_endpoints(backend->endpoints(), any.endpoints);
    });
    if (same != known.end()) {
      add(*same, any.entry, standing_of(config));
      continue;
    }
    auto backend = make(any.entry, config.address.to_string(), any.endpoints, standing_of(config));
    drain_if_wished(*backend);
    add(std::move(backend), any.entry, standing_of(config));
  }

  const Since unchecked{std::chrono::system_clock::now(),
                        std::make_shared<const std::string>("it is no longer checked")};
  const Moves moves = arrange(next, *prepared.config, "it is no longer configured", now, [&] {
    config_.swap(prepared.config);
    tls_.swap(prepared.tls);
    most_tried_ = std::max(most_tried_, config_->connect.attempts);
    entries_.swap(entries);
    sources_.swap(sources);
    for (std::size_t i = 0; i < next.size(); ++i) next[i].first->entry_.swap(configured[i]);
    for (const auto& [successor, before] : successors) successor->succeed(*before);
    if (config_->health) return;
    for (const auto& [backend, standing] : next) {
      if (backend->up_ && !backend->unproven_) continue;
      backend->up_ = true;  // nobody would find out that it is
      backend->unproven_ = false;
      backend->health_since_ = unchecked;
    }
  });
  for (const auto& backend : moves.leaving) {
    if (backend->pool_ == sources_) spdlog::info("upstream {}: {} is removed", name_, *backend->name());
  }
  const Lock lock(mutex_);
  log_whether_any_is_up();
}

}  // namespace weir
