#include "server/upstream/resolved_name.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace weir {

namespace {

using Record = DnsName::Record;

}  // namespace

ResolvedName::ResolvedName(const BackendConfig& server, const DnsConfig& config) : server_(server), config_(config) {
  if (server.dns->record == Record::a) services_ = {{server.dns->name, server.dns->port, 0, 0}};
}

void ResolvedName::note_ttl(std::chrono::seconds ttl) { ttl_ = std::min(ttl_, ttl); }

void ResolvedName::note_problem(const std::string& what, const std::string& why) {
  if (problem_.empty()) problem_ = "cannot look up " + what + ": " + why;
}

void ResolvedName::take_services(Services answer) {
  if (answer.result == Services::Result::failed) return note_problem("SRV records of " + server_.dns->name, answer.why);
  if (answer.result == Services::Result::found) note_ttl(answer.ttl);
  services_ = std::move(answer.records);
  // A target of "." says that the service is not to be had (RFC 2782).
  std::erase_if(services_, [](const ServiceRecord& service) { return service.target.empty() || service.port == 0; });
  std::sort(services_.begin(), services_.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return std::tie(a.priority, a.target, a.port) < std::tie(b.priority, b.target, b.port);
  });
}

std::vector<std::string> ResolvedName::targets() const {
  std::set<std::string> names;
  for (const ServiceRecord& service : services_) names.insert(service.target);
  return {names.begin(), names.end()};
}

void ResolvedName::take_addresses(const std::string& target, int family, Addresses answer) {
  if (answer.result == Addresses::Result::failed) return note_problem("addresses of " + target, answer.why);
  if (answer.result == Addresses::Result::found) note_ttl(answer.ttl);
  addresses_[{target, family}] = std::move(answer.records);
}

std::vector<Upstream::Member> ResolvedName::members() const {
  std::vector<Upstream::Member> members;
  std::set<std::string> seen;
  std::uint32_t rank = server_.backup ? Standing::kBackup : 0;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const ServiceRecord& service = services_[i];
    if (i > 0 && services_[i - 1].priority != service.priority) ++rank;
    // A weight of 0 is for where there is nothing to choose, or for a very small share (RFC 2782).
    const std::uint32_t weight =
        server_.dns->record == Record::a ? server_.weight : std::max<std::uint32_t>(service.weight, 1);
    std::vector<Upstream::Member> of_service;
    for (const auto& [question, endpoints] : addresses_) {
      if (question.first != service.target) continue;
      for (Endpoint endpoint : endpoints) {
        endpoint.set_port(service.port);
        // Once, by the priority that comes first.
        if (seen.insert(endpoint.to_string()).second) of_service.push_back({endpoint, {weight, rank}});
      }
    }
    std::sort(of_service.begin(), of_service.end(),
              [](const auto& a, const auto& b) { return a.endpoint.to_string() < b.endpoint.to_string(); });
    members.insert(members.end(), of_service.begin(), of_service.end());
  }
  return members;
}

ResolvedName::Round ResolvedName::finish_round() {
  const std::vector<std::string> known = targets();
  std::erase_if(addresses_, [&](const auto& entry) {
    return std::find(known.begin(), known.end(), entry.first.first) == known.end();
  });
  Round round{members(), {}, std::move(problem_)};
  if (round.members.empty() && round.problem.empty()) round.problem = server_.dns->name + " stands for no server";
  bad_rounds_ = round.problem.empty() ? 0 : bad_rounds_ + 1;
  if (round.members.size() > kMostMembers) {
    round.problem = server_.dns->name + " stands for " + std::to_string(round.members.size()) +
                    " servers; only the first " + std::to_string(kMostMembers) + " are used";
    round.members.resize(kMostMembers);
  }
  if (bad_rounds_ == 0) {
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(config_.max_ttl) + std::chrono::seconds(1);
    round.pause = std::clamp(milliseconds(std::min(ttl_, longest)), config_.min_ttl, config_.max_ttl);
  } else {
    const milliseconds doubled = config_.min_ttl * (1u << std::min(bad_rounds_ - 1, 16u));
    round.pause = std::min({doubled, std::max(kLongestRetry, config_.min_ttl), config_.max_ttl});
  }
  ttl_ = std::chrono::seconds::max();
  problem_.clear();
  return round;
}

}  // namespace weir
