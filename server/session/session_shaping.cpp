#include "server/session/session_shaping.hpp"

#include <algorithm>
#include <utility>

#include "server/session/session.hpp"

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

void begin_shaping(Session& session) {
  Shaping& listener = session.context->listener->shaping();
  session.shaping = std::make_unique<SessionShaping>(listener, session.source(), session.number, session.now(), false);
  if (session.shaping->meets<faults::Refuse>() != nullptr) session.end_with(SessionEnd::fault_refused);
}

net::awaitable<void> await_service(Session& session) {
  const auto* fault = session.shaping->meets<faults::Connect>();
  if (fault == nullptr) co_return;
  const bool fails = fault->fail;
  session.enter(Deadlines::Stage::connecting);
  const Session::Time begin = session.now() + fault->delay;
  while (!session.end && session.now() < begin) {
    if (session.client.failed()) {
      session.end_with(end_of_error(true, session.client.take_error()));
      break;
    }
    session.slot->set_fine_deadline(begin);
    co_await session.wait();
    if (const auto why = session.must_end()) session.end_with(*why);
  }
  if (fails) session.end_with(SessionEnd::fault_connect_failed);
}

bool renew_shaping(Session& session) {
  Shaping& listener = session.context->listener->shaping();
  if (session.shaping) {
    session.shaping->look(listener, session.now(), true);
  } else if (listener.is_active()) {
    session.shaping = std::make_unique<SessionShaping>(listener, session.source(), session.number, session.now(), true);
  } else {
    return false;
  }
  return true;
}

}  // namespace weir
