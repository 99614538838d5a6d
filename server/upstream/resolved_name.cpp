#include "server/upstream/resolved_name.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/ip_address.hpp"

namespace weir {

namespace {

using Record = DnsName::Record;
using std::chrono::seconds;

/// How endpoints are told apart and ordered.
std::pair<IpAddress, std::uint16_t> key_of(const Endpoint& endpoint) {
  return {IpAddress::of(endpoint.data()).value_or(IpAddress()), endpoint.port()};
}

}  // namespace

ResolvedName::ResolvedName(const BackendConfig& backend, const DnsConfig& config) : backend_(backend), config_(config) {
  if (backend.dns->record == Record::a) services_ = {{backend.dns->name, backend.dns->port, 0, 0}};
}

void ResolvedName::begin_round() {
  ttl_ = seconds::max();
  problem_.clear();
  failure_.clear();
  excess_.clear();
}

void ResolvedName::note_problem(const std::string& problem) {
  if (problem_.empty()) problem_ = problem;
}

bool ResolvedName::take_services(const std::string& full_name, Services answer, bool last) {
  using Result = Services::Result;
  if (answer.result == Result::failed && failure_.empty()) {
    failure_ = "cannot look up SRV records of " + backend_.dns->name + ": " + answer.why;
  }
  const bool is_the_one = answer.result == Result::failed && services_name_ == full_name;
  if (answer.result != Result::found && !is_the_one && !last) return false;
  if (answer.result != Result::found && !failure_.empty()) {
    note_problem(std::exchange(failure_, ""));
    return true;
  }
  failure_.clear();
  if (answer.result == Result::found) ttl_ = std::min(ttl_, answer.ttl);
  services_ = std::move(answer.records);
  // A target that is the root says that the service is not to be had (RFC 2782).
  std::erase_if(services_, [](const ServiceRecord& service) {
    return service.target.empty() || service.target == "." || service.port == 0;
  });
  std::sort(services_.begin(), services_.end(), [](const ServiceRecord& a, const ServiceRecord& b) {
    return std::tie(a.priority, a.target, a.port, b.weight) < std::tie(b.priority, b.target, b.port, a.weight);
  });
  services_name_ = full_name;
  if (services_.size() > kMostServices) {
    excess_ = backend_.dns->name + " has " + std::to_string(services_.size()) + " SRV records; only the first " +
              std::to_string(kMostServices) + " are used";
    services_.resize(kMostServices);
  }
  std::erase_if(addresses_, [names = targets()](const auto& known) { return !names.contains(known.first); });
  return true;
}

std::set<std::string> ResolvedName::targets() const {
  std::set<std::string> names;
  for (const ServiceRecord& service : services_) names.insert(service.target);
  return names;
}

bool ResolvedName::take_addresses(const std::string& target, const std::string& full_name, BothFamilies answers,
                                  bool last) {
  using Result = Addresses::Result;
  const auto any = [&](Result result) {
    return std::any_of(answers.begin(), answers.end(), [&](const Addresses& of) { return of.result == result; });
  };
  for (const Addresses& answer : answers) {
    if (answer.result == Result::failed && failure_.empty()) {
      failure_ = "cannot look up addresses of " + target + ": " + answer.why;
    }
  }
  const auto known = addresses_.find(target);
  const bool is_the_one = any(Result::failed) && known != addresses_.end() && known->second.full_name == full_name;
  if (!any(Result::found) && !is_the_one && !last) return false;
  const bool passed_over = !any(Result::found) && !failure_.empty();
  // One full name's addresses are not mixed with another's.
  if (any(Result::found) && addresses_[target].full_name != full_name) addresses_[target] = {full_name, {}};
  for (std::size_t family = 0; family < answers.size(); ++family) {
    Addresses& answer = answers[family];
    if (answer.result == Result::found) ttl_ = std::min(ttl_, answer.ttl);
    const bool settled = answer.result == Result::found || (answer.result == Result::none && !passed_over);
    if (settled) addresses_[target].families[family] = std::move(answer.records);
  }
  // What was asked for and found elsewhere in the search is no problem.
  if (passed_over || any(Result::failed)) note_problem(failure_);
  failure_.clear();
  return true;
}

std::vector<Upstream::Member> ResolvedName::members(const HasWay& has_way) const {
  std::vector<Upstream::Member> members;
  std::set<std::pair<IpAddress, std::uint16_t>> seen;
  std::uint32_t rank = backend_.backup ? Standing::kBackup : 0;
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const ServiceRecord& service = services_[i];
    if (i > 0 && services_[i - 1].priority != service.priority) ++rank;
    const auto known = addresses_.find(service.target);
    if (known == addresses_.end()) continue;
    std::vector<Endpoint> own;
    const auto& [v4, v6] = known->second.families;
    for (const std::vector<Endpoint>* family : {&v4, &v6}) {
      for (Endpoint endpoint : *family) {
        endpoint.set_port(service.port);
        if (family == &v6 && !v4.empty() && !has_way(endpoint)) continue;
        // Once, where it comes first.
        if (seen.insert(key_of(endpoint)).second) own.push_back(endpoint);
      }
    }
    std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return key_of(a) < key_of(b); });
    std::uint32_t weight = backend_.weight * Standing::kWhole;
    if (backend_.dns->record == Record::srv && !own.empty()) {
      // The target's, to be shared by its addresses. 0 is for where there is nothing to choose, or for a very small
      // share (RFC 2782).
      const auto addresses = static_cast<std::uint32_t>(own.size());
      weight = std::max<std::uint32_t>(1, service.weight * Standing::kWhole / addresses);
    }
    for (const Endpoint& endpoint : own) {
      if (members.size() == kMostMembers) return members;
      members.push_back({endpoint, {weight, rank}});
    }
  }
  return members;
}

ResolvedName::Round ResolvedName::finish_round(std::size_t members) {
  if (members == 0) note_problem(backend_.dns->name + " stands for no backend");
  bad_rounds_ = problem_.empty() ? 0 : bad_rounds_ + 1;
  const auto within = [&](milliseconds pause) { return std::clamp(pause, config_.min_ttl, config_.max_ttl); };
  // Before it is made milliseconds, which the longest would not fit.
  const seconds ceiling = std::chrono::ceil<seconds>(config_.max_ttl);
  Round round{within(std::min(ttl_, ceiling)), std::move(problem_)};
  if (bad_rounds_ > 0) {
    const milliseconds doubled = config_.min_ttl * (1u << std::min(bad_rounds_ - 1, 16u));
    round.pause = std::min(round.pause, within(std::min(doubled, kLongestRetry)));
    return round;
  }
  if (members == kMostMembers) {
    excess_ =
        backend_.dns->name + " stands for " + std::to_string(kMostMembers) + " backends or more; no more are used";
  }
  round.problem = std::move(excess_);
  return round;
}

}  // namespace weir
