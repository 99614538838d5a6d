#include "client/faults/faults_summary.hpp"

namespace weir::load {

std::uint64_t FaultTally::not_checked() const { return announced + spared - seen - seen_spared - wrong; }

void FaultTally::add(const FaultFinding& finding) {
  ++(finding.announced ? announced : spared);
  switch (finding.verdict) {
    case FaultFinding::Verdict::agrees:
      ++(finding.announced ? seen : seen_spared);
      break;
    case FaultFinding::Verdict::wrong:
      ++wrong;
      break;
    case FaultFinding::Verdict::unchecked:
      ++unchecked[finding.why];
      break;
  }
}

void FaultsSummary::add(const Judgement& judgement) {
  ++judged;
  if (!judgement.mismatches.empty()) ++differing;
  tallies.resize(judgement.findings.size());
  for (std::size_t at = 0; at < tallies.size(); ++at) tallies[at].add(judgement.findings[at]);
  for (const Mismatch& one : judgement.mismatches) {
    if (mismatches.size() < kMostMismatches) mismatches.push_back(one);
  }
}

int FaultsSummary::exit_status() const {
  if (differing != 0) return 4;
  return judged == 0 ? 1 : 0;
}

}  // namespace weir::load
