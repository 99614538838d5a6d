#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/config/config_words.hpp"
#include "server/upstream/upstream.hpp"

/// What an upstream shows to the outside.
namespace weir {

/// What is read of a backend under the mutex: little, because workers may wait for it.
struct Upstream::Seen {
  std::shared_ptr<Backend> backend;
  BackendState state = BackendState::up;
  Since since;
  bool healthy = true;
  double share = 0;
  std::uint32_t active = 0;
  std::uint64_t ejections = 0;
};

Upstream::Seen Upstream::look_at(const std::shared_ptr<Backend>& backend, std::uint64_t serving, Time now) const {
  const Backend& at = *backend;
  Seen seen{backend, BackendState::up, at.health_since_, at.up_ && !at.unproven_, 0, at.active_, at.ejections_};
  if (at.left_) {
    seen.state = BackendState::left;
    seen.since = at.left_since_;
  } else if (at.drained_) {
    seen.state = BackendState::drained;
    seen.since = at.drained_since_;
  } else if (at.unproven_) {
    seen.state = BackendState::checking;
  } else if (!at.up_) {
    seen.state = BackendState::down;
  } else if (at.ejection_.is_ejected(now)) {
    seen.state = BackendState::ejected;
    seen.since = at.ejected_since_;
  } else {
    // Up since the last of what kept it from being so.
    if (at.drained_since_.when > seen.since.when) seen.since = at.drained_since_;
    if (at.back_since_ > seen.since.when) seen.since = {at.back_since_, nullptr};
  }
  seen.share = tiers_.share_of(at, serving, now);
  return seen;
}

UpstreamSnapshot Upstream::snapshot(Time now) {
  UpstreamSnapshot shown;
  shown.name = config_->name;
  shown.balance = word_of(config_->balance);
  shown.queue_size = config_->queue.size;
  for (const QueueCounters& counters : queue_counters_) counters.waits.add_to(shown.queue_waits);
  std::vector<Seen> all;
  all.reserve(backends_.size());
  {
    const Lock lock(mutex_);
    look_at_time(now);
    shown.waiting = queue_.size();
    const std::uint64_t serving = tiers_.serving_weight(now);
    for (const auto& backend : backends_) all.push_back(look_at(backend, serving, now));
    for (const auto& backend : left_) all.push_back(look_at(backend, serving, now));
  }
  for (const Seen& seen : all) {
    const Backend& backend = *seen.backend;
    BackendSnapshot& one = shown.backends.emplace_back();
    one.name = backend.label();
    one.entry = backend.entry().key.target;
    one.state = seen.state;
    one.since = seen.since.when;
    if (seen.since.why) one.why = *seen.since.why;
    one.healthy = seen.healthy;
    one.backup = backend.entry().config.backup;
    one.share = seen.share;
    one.weight = backend.entry().config.weight;
    one.active = seen.active;
    one.max_connections = backend.entry().config.max_connections;
    one.checks_passed = backend.checks_passed_;
    one.checks_failed = backend.checks_failed_;
    one.ejections = seen.ejections;
    if (config_->tls) one.tls.emplace();
    for (const BackendCounters& counters : backend.counters_) counters.add_to(one);
  }
  return shown;
}

std::shared_ptr<Backend> Upstream::find(const std::string& name) const {
  for (const std::shared_ptr<Backend>& backend : backends_) {
    if (backend->label() == name) return backend;
  }
  return nullptr;
}

}  // namespace weir
