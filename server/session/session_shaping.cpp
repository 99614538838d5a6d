#include "server/session/session_shaping.hpp"

#include <algorithm>
#include <utility>

#include "common/units.hpp"

namespace weir {

namespace {

/// Whether a connection can meet it only when it begins.
bool is_of_begin(const faults::Fault& fault) {
  return std::holds_alternative<faults::Refuse>(fault.kind) || std::holds_alternative<faults::Connect>(fault.kind);
}

}  // namespace

void SessionShaping::look(Shaping& listener, io::Clock::time_point now, bool has_begun) {
  rates_ = listener.bandwidth().is_limited() ? listener.bandwidth().rates_of(source_.ip(), own_rates_, now)
                                             : BandwidthLimits::Rates();
  std::vector<faults::Met> before = std::exchange(met_, {});
  const faults::FaultSetPtr set = listener.faults();
  if (!set) return;
  met_ = set->met_by({number_, source_.ip(), source_.source_hash()});
  if (has_begun) std::erase_if(met_, [](const faults::Met& met) { return is_of_begin(*met.fault); });
  if (!facts_) facts_ = std::make_shared<const FaultFacts>(FaultFacts{number_, {}});
  for (const faults::Met& met : met_) {
    const bool is_known =
        std::any_of(before.begin(), before.end(), [&met](const auto& old) { return old.fault == met.fault; });
    if (is_known) continue;
    listener.count_met(*met.fault);
    note(*met.fault);
  }
}

/// Records may hold the facts as they were.
void SessionShaping::note(const faults::Fault& fault) {
  if (std::find(facts_->names.begin(), facts_->names.end(), fault.name) != facts_->names.end()) return;
  FaultFacts more = *facts_;
  more.names.push_back(fault.name);
  facts_ = std::make_shared<const FaultFacts>(std::move(more));
}

WayTerms SessionShaping::terms(bool upstream, bool downstream) const {
  WayTerms terms;
  for (const std::shared_ptr<ByteBuckets>& rates : rates_) {
    if (upstream && rates->in.rate() != 0) terms.rates.push_back({rates, true});
    if (downstream && rates->out.rate() != 0) terms.rates.push_back({rates, false});
  }
  for (const faults::Met& met : met_) {
    const bool acts = (upstream && faults::acts_on(*met.fault, faults::Way::upstream)) ||
                      (downstream && faults::acts_on(*met.fault, faults::Way::downstream));
    if (acts && !is_of_begin(*met.fault)) terms.faults.push_back(met);
  }
  return terms;
}

bool SessionShaping::is_refused() const {
  return std::any_of(met_.begin(), met_.end(),
                     [](const auto& met) { return std::holds_alternative<faults::Refuse>(met.fault->kind); });
}

std::optional<faults::Connect> SessionShaping::service_begin() const {
  std::optional<faults::Connect> all;
  for (const faults::Met& met : met_) {
    const auto* fault = std::get_if<faults::Connect>(&met.fault->kind);
    if (fault == nullptr) continue;
    if (!all) all.emplace();
    all->delay = std::min<std::chrono::microseconds>(all->delay + fault->delay, kLongestDuration);
    all->fail = all->fail || fault->fail;
  }
  return all;
}

}  // namespace weir
