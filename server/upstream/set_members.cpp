#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/upstream/upstream.hpp"

/// How an upstream's servers change while it serves.
namespace weir {

namespace {

using Servers = std::vector<std::shared_ptr<Backend>>;

/// More servers that come or go at once than this are counted in the log and not named.
constexpr std::size_t kMostNamed = 8;

Servers missing(const Servers& from, const Servers& in) {
  const std::set<std::shared_ptr<Backend>> held(in.begin(), in.end());
  Servers list;
  for (const auto& server : from) {
    if (!held.contains(server)) list.push_back(server);
  }
  return list;
}

void say(const std::string& upstream, const Servers& servers, const char* what, const std::string& name) {
  if (servers.size() > kMostNamed) {
    spdlog::info("upstream {}: {} servers of {} {}", upstream, servers.size(), name, what);
    return;
  }
  for (const auto& server : servers) spdlog::info("upstream {}: {} of {} {}", upstream, *server->name(), name, what);
}

}  // namespace

Upstream::Servers Upstream::known_of(const BackendKey& entry) const {
  Servers known;
  const auto add = [&](const Servers& servers) {
    std::copy_if(servers.begin(), servers.end(), std::back_inserter(known),
                 [&](const auto& server) { return server->entry().key == entry; });
  };
  add(servers_);
  const Lock lock(mutex_);
  add(left_);
  return known;
}

std::shared_ptr<Backend> Upstream::make_member(const std::shared_ptr<const BackendEntry>& entry, const Member& member) {
  auto server = std::make_shared<Backend>(entry, *this, member.endpoint.to_string(),
                                          std::vector<Endpoint>{member.endpoint}, member.standing);
  server->unproven_ = config_->health.has_value();
  server->up_ = !server->unproven_;
  return server;
}

void Upstream::set_members(const std::shared_ptr<const BackendEntry>& entry, const std::vector<Member>& members,
                           Time now) {
  std::map<std::string, std::shared_ptr<Backend>> known;
  for (const auto& server : known_of(entry->key)) known.emplace(*server->name(), server);
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
  Servers next;
  Tiers::Servers standings;
  const auto add = [&](const std::shared_ptr<Backend>& server, const Standing& standing) {
    next.push_back(server);
    standings.emplace_back(server, standing);
  };
  for (const auto& any : entries_) {
    if (any->key == entry->key) {
      for (const auto& [server, standing] : own) add(server, standing);
      continue;
    }
    for (const auto& server : servers_) {
      if (server->entry().key == any->key) add(server, server->standing_);
    }
  }
  const Servers joining = missing(next, servers_);
  const Servers leaving = missing(servers_, next);
  if (!moved && joining.empty() && leaving.empty()) return;

  Tiers tiers(*config_, standings);
  {
    const Lock lock(mutex_);
    left_.reserve(left_.size() + leaving.size());  // from here on nothing fails
    for (const auto& server : joining) {
      server->left_ = false;
      server->warm_since_ = now;
    }
    std::erase_if(left_, [](const auto& server) { return !server->left_; });
    for (const auto& server : leaving) {
      server->left_ = true;
      if (server->active_ > 0) left_.push_back(server);
    }
    servers_.swap(next);
    tiers_.replace(tiers, standings, now);
    queue_.reline(tiers_);
    serve_queue(now);
  }
  say(config_->name, joining, "joins", entry->config.dns->name);
  say(config_->name, leaving, "leaves, and keeps the connections that it has", entry->config.dns->name);
}

void Upstream::forget_checks(Backend& backend) {
  const Lock lock(mutex_);
  backend.unproven_ = true;
  backend.up_ = false;
}

}  // namespace weir
