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

Upstream::Backends Upstream::known_of(const BackendKey& entry) const {
  Backends known;
  const auto add = [&](const Backends& backends) {
    std::copy_if(backends.begin(), backends.end(), std::back_inserter(known),
                 [&](const auto& backend) { return backend->entry().key == entry; });
  };
  add(backends_);
  const Lock lock(mutex_);
  add(left_);
  return known;
}

std::shared_ptr<Backend> Upstream::make_member(const std::shared_ptr<const BackendEntry>& entry, const Member& member) {
  auto backend = std::make_shared<Backend>(entry, *this, sources_, member.endpoint.to_string(),
                                           std::vector<Endpoint>{member.endpoint}, member.standing, workers_);
  backend->unproven_ = config_->health.has_value();
  backend->up_ = !backend->unproven_;
  if (const auto wish = drained_.find({entry->key, *backend->name()}); wish != drained_.end()) {
    backend->drained_ = true;
    backend->drained_since_ = wish->second;
  }
  return backend;
}

void Upstream::set_members(const std::shared_ptr<const BackendEntry>& entry, const std::vector<Member>& members,
                           Time now) {
  std::map<std::string, std::shared_ptr<Backend>> known;
  for (const auto& backend : known_of(entry->key)) known.emplace(*backend->name(), backend);
  std::vector<std::pair<std::shared_ptr<Backend>, Standing>> own;
  std::set<std::string> named;
  bool moved = false;
  for (const Member& member : members) {
    const std::string name = member.endpoint.to_string();
    if (!named.insert(name).second) continue;
    const auto found = known.find(name);
    own.emplace_back(found != known.end() ? found->second : make_member(entry, member), member.standing);
    moved = moved || own.back().first->standing_ != member.standing;
  }
  Backends next;
  Tiers::Backends standings;
  const auto add = [&](const std::shared_ptr<Backend>& backend, const Standing& standing) {
    next.push_back(backend);
    standings.emplace_back(backend, standing);
  };
  for (const auto& any : entries_) {
    if (any->key == entry->key) {
      for (const auto& [backend, standing] : own) add(backend, standing);
      continue;
    }
    for (const auto& backend : backends_) {
      if (backend->entry().key == any->key) add(backend, backend->standing_);
    }
  }
  const Backends joining = missing(next, backends_);
  const Backends leaving = missing(backends_, next);
  if (!moved && joining.empty() && leaving.empty()) return;

  label(next);
  Tiers tiers(*config_, standings, seeds_());
  {
    const Lock lock(mutex_);
    left_.reserve(left_.size() + leaving.size());  // from here on nothing fails
    for (const auto& backend : joining) {
      backend->left_ = false;
      backend->warm_since_ = now;
    }
    std::erase_if(left_, [](const auto& backend) { return !backend->left_; });
    for (const auto& backend : leaving) {
      backend->left_ = true;
      backend->left_since_ = std::chrono::system_clock::now();
      if (backend->active_ > 0) left_.push_back(backend);
    }
    backends_.swap(next);
    tiers_.replace(tiers, standings, now);
    queue_.reline(tiers_);
    serve_queue(now);
  }
  say(config_->name, joining, "joins", entry->config.dns->name);
  say(config_->name, leaving, "leaves, and keeps the connections that it has", entry->config.dns->name);
  const Lock lock(mutex_);
  if (backends_.empty() || tiers_.any_up()) log_whether_any_is_up();  // others are still to be checked
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
