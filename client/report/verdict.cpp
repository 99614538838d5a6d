#include <algorithm>
#include <cmath>

#include "client/report/audit_findings.hpp"
#include "client/report/load_result.hpp"
#include "client/report/numbers.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// From here on a processor counts as busy.
constexpr double kBusy = 0.9;
/// Below this a run says nothing about who set its limit: processor times are counted in hundredths of a second.
constexpr double kLeastSeconds = 0.5;
constexpr std::uint64_t kLeastReplies = 100;

std::string load_of(const LoadResult& result) {
  return "the generator used " + display_percent(result.generator_share()) + " of its threads, the machine was " +
         display_percent(result.machine_busy) + " busy";
}

/// Who set the limit: the first one that something speaks against.
class Evidence {
 public:
  void add(const char* against, std::string reason) {
    if (limited_by_.empty()) limited_by_ = against;
    reasons_.push_back(std::move(reason));
  }
  void add(const char* against, const std::vector<std::string>& reasons) {
    for (const std::string& reason : reasons) add(against, reason);
  }
  bool none() const { return reasons_.empty(); }
  Verdict verdict() && { return {std::move(limited_by_), reasons_.front(), reasons_}; }

 private:
  std::string limited_by_;
  std::vector<std::string> reasons_;
};

/// What the generator itself did wrong in an open loop; empty for nothing.
std::string generators_fault(const LoadResult& result) {
  using std::chrono::milliseconds;
  const auto lag = result.stats[Time::lag].percentile(99);
  const auto response = result.times().percentile(99);
  const std::string said = "lag p99 is " + display_duration(lag);
  if (lag > milliseconds(1)) return said + ", more than 1 ms";
  if (lag * 10 > response) return said + ", more than a tenth of the response p99 (" + display_duration(response) + ")";
  if (result.stats[Count::missed] * 100 > result.planned()) {
    const double sent = static_cast<double>(result.stats[Count::sent]) / static_cast<double>(result.planned());
    return "only " + display_percent(sent) + " of the plan was sent, though the connections could have taken the rest";
  }
  return {};
}

Verdict verdict_of_open_loop(const LoadResult& result) {
  const AuditFindings audit = audit_findings(result);
  const std::uint64_t planned = result.planned();
  const auto share_of_plan = [planned](std::uint64_t part) {
    return display_percent(static_cast<double>(part) / static_cast<double>(planned));
  };
  const std::uint64_t vain = planned - std::min(planned, result.stats[Count::answered]);
  const std::string failing = share_of_plan(vain) +
                              " of what was planned came to nothing by the end: the rate is more than the target "
                              "takes, or it fails";
  // So much is not the lateness of a generator, unless it never sent it.
  const bool fails_clearly = vain * 10 > planned && result.stats[Count::missed] == 0;
  Evidence evidence;
  evidence.add("network", audit.connects);
  if (fails_clearly) evidence.add("server", failing);
  evidence.add("machine", audit.machine);
  if (const std::string fault = fails_clearly ? "" : generators_fault(result); !fault.empty()) {
    evidence.add("generator", fault + "; this run measures weir-load, not the target (" + load_of(result) + ")");
  }
  evidence.add("network", audit.network);
  if (!fails_clearly && vain * 100 > planned) evidence.add("server", failing);
  const std::uint64_t held = result.stats[Count::held];
  if (evidence.none() && held == 0) {
    evidence.add("rate", "every request was sent when it was due; " + load_of(result));
  } else if (evidence.none()) {
    evidence.add("rate", "every request was sent, " + share_of_plan(held) +
                             " of them late because their connection took no more; " + load_of(result));
  }
  return std::move(evidence).verdict();
}

Verdict verdict_of_closed_loop(const LoadResult& result) {
  const AuditFindings audit = audit_findings(result);
  Evidence evidence;
  evidence.add("network", audit.connects);
  if (result.rate() <= 0) {
    evidence.add("server", "no reply came in the measured time");
  } else if (result.stats.failures.total() * 10 > result.stats[Count::answered]) {
    evidence.add("server", "more than a tenth of the requests and connects failed");
  }
  evidence.add("machine", audit.machine);
  if (result.generator_share() >= kBusy) {
    evidence.add("generator", "weir-load used " + display_percent(result.generator_share()) +
                                  " of its threads; give it more, or another machine");
  }
  if (result.machine_busy >= kBusy) {
    evidence.add("machine", "the processors were " + display_percent(result.machine_busy) +
                                " busy, the generator with " + display_percent(result.generator_share()) +
                                " of its threads");
  }
  evidence.add("network", audit.network);
  if (evidence.none()) {
    evidence.add("server",
                 "each connection waited for its reply, from the server and the path to it; " + load_of(result));
  }
  return std::move(evidence).verdict();
}

Verdict nothing(const char* reason) { return {"nothing", reason, {reason}}; }

}  // namespace

Verdict LoadResult::verdict() const {
  if (stats[Count::sent] == 0) return nothing("no load was made");
  if (window_seconds < kLeastSeconds || planned() < kLeastReplies) {
    return nothing("the run was too short to say what limits it");
  }
  return options.is_open_loop() ? verdict_of_open_loop(*this) : verdict_of_closed_loop(*this);
}

}  // namespace weir::load
