#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/upstream/upstream.hpp"

/// How an upstream's backends change while it serves.
namespace weir {

namespace {

using Backends = std::vector<std::shared_ptr<Backend>>;

/// More backends that come or go at once than this are counted in the log and not named.
constexpr std::size_t kMostNamed = 8;

Backends missing(const Backends& from, const Backends& in) {
  const std::set<std::shared_ptr<Backend>> held(in.begin(), in.end());
  Backends list;
  for (const auto& backend : from) {
    if (!held.contains(backend)) list.push_back(backend);
  }
  return list;
}

void say(const std::string& upstream, const Backends& backends, const char* what, const std::string& name) {
  if (backends.size() > kMostNamed) {
    spdlog::info("upstream {}: {} backends of {} {}", upstream, backends.size(), name, what);
    return;
  }
  for (const auto& backend : backends) spdlog::info("upstream {}: {} of {} {}", upstream, *backend->name(), name, what);
}

}  // namespace

/// Those that may serve again, with what they were counted before.
Upstream::Backends Upstream::known_of(const BackendKey& entry) const {
  Backends known;
  const auto add = [&](const Backends& backends) {
    std::copy_if(backends.begin(), backends.end(), std::back_inserter(known),
                 [&](const auto& backend) { return backend->entry().key == entry && backend->pool_ == sources_; });
  };
  add(backends_);
  const Lock lock(mutex_);
  add(left_);
  return known;
}

void Upstream::drain_if_wished(Backend& backend) const {
  const auto wish = drained_.find({backend.entry().key, *backend.name()});
  if (wish == drained_.end()) return;
  backend.drained_ = true;
  backend.drained_since_ = wish->second;
}

std::shared_ptr<Backend> Upstream::make_member(const std::shared_ptr<const BackendEntry>& entry, const Member& member) {
  auto backend = std::make_shared<Backend>(entry, *this, sources_, member.endpoint.to_string(),
                                           std::vector<Endpoint>{member.endpoint}, member.standing, workers_);
  backend->unproven_ = config_->health.has_value();
  backend->up_ = !backend->unproven_;
  drain_if_wished(*backend);
  return backend;
}

Upstream::Moves Upstream::arrange(const Tiers::Backends& next, const UpstreamConfig& config, const char* why, Time now,
                                  const std::function<void()>& change) {
  Backends serving;
  for (const auto& [backend, standing] : next) serving.push_back(backend);
  Moves moves{missing(serving, backends_), missing(backends_, serving)};
  label(serving);
  Tiers tiers(config, next, seeds_());
  const Since left{std::chrono::system_clock::now(), std::make_shared<const std::string>(why)};
  const Lock lock(mutex_);
  left_.reserve(left_.size() + moves.leaving.size());  // from here on nothing fails
  for (const auto& backend : moves.joining) {
    backend->left_ = false;
    backend->warm_since_ = now;
  }
  std::erase_if(left_, [](const auto& backend) { return !backend->left_; });
  change();
  for (const auto& backend : moves.leaving) {
    backend->left_ = true;
    backend->left_since_ = left;
    if (backend->active_ > 0) left_.push_back(backend);
  }
  backends_.swap(serving);
  tiers_.replace(tiers, next, now);
  queue_.reline(tiers_);
  serve_queue(now);
  return moves;
}

void Upstream::set_members(const std::shared_ptr<const BackendEntry>& entry, const std::vector<Member>& members,
                           Time now) {
  std::map<std::string, std::shared_ptr<Backend>> known;
  for (const auto& backend : known_of(entry->key)) known.emplace(*backend->name(), backend);
  Tiers::Backends own;
  std::set<std::string> named;
  bool moved = false;
  for (const Member& member : members) {
    const std::string name = member.endpoint.to_string();
    if (!named.insert(name).second) continue;
    const auto found = known.find(name);
    own.emplace_back(found != known.end() ? found->second : make_member(entry, member), member.standing);
    moved = moved || own.back().first->standing_ != member.standing;
  }
  Tiers::Backends next;
  Backends serving;
  for (const auto& any : entries_) {
    if (any->key == entry->key) {
      next.insert(next.end(), own.begin(), own.end());
      continue;
    }
    for (const auto& backend : backends_) {
      if (backend->entry().key == any->key) next.emplace_back(backend, backend->standing_);
    }
  }
  for (const auto& [backend, standing] : next) serving.push_back(backend);
  if (!moved && missing(serving, backends_).empty() && missing(backends_, serving).empty()) return;
  const Moves moves = arrange(next, *config_, "its name no longer stands for it", now, [&] {
    for (const auto& [backend, standing] : own) backend->entry_ = entry;
  });
  say(name_, moves.joining, "joins", entry->config.dns->name);
  say(name_, moves.leaving, "leaves, and keeps the connections that it has", entry->config.dns->name);
  const Lock lock(mutex_);
  if (backends_.empty() || tiers_.any_up()) log_whether_any_is_up();  // others are still to be checked
}

std::optional<bool> Upstream::known_health(const Backend& backend) const {
  const Lock lock(mutex_);
  if (backend.unproven_ || backend.checks_passed_ + backend.checks_failed_ == 0) return std::nullopt;
  return backend.up_;
}

void Upstream::forget_checks(Backend& backend) {
  const Lock lock(mutex_);
  backend.unproven_ = true;
  backend.up_ = false;
  backend.health_since_ = {std::chrono::system_clock::now(), nullptr};
}

/// Gives those a label that have none yet: the least number that none of them, nor one that has left, has with its
/// name.
void Upstream::label(const Backends& backends) const {
  std::set<std::string> taken;
  for (const auto& backend : backends) taken.insert(backend->label_);
  {
    const Lock lock(mutex_);
    for (const auto& backend : left_) taken.insert(backend->label_);
  }
  for (const auto& backend : backends) {
    if (!backend->label_.empty()) continue;
    std::string label = *backend->name();
    for (std::size_t number = 2; !taken.insert(label).second; ++number) {
      label = *backend->name() + "#" + std::to_string(number);
    }
    backend->label_ = std::move(label);
  }
}

}  // namespace weir
