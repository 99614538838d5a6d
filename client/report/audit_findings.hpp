#pragma once

#include <string>
#include <vector>

#include "client/report/load_result.hpp"

namespace weir::load {

/// What the self-audit says of a run, in sentences without their full stop, those that weigh most first. What did not
/// happen is not in them.
struct AuditFindings {
  std::vector<std::string> connects;  ///< so many were dropped on their way to the target that they set the limit
  std::vector<std::string> machine;   ///< the run had so little of its processors that it shows the machine
  std::vector<std::string> network;   ///< so much was lost that it set the limit
  std::vector<std::string> remarks;   ///< the rest: what one should know of, and no more
};

AuditFindings audit_findings(const LoadResult& result);

/// Everything in them that is none of the verdict's reasons.
std::vector<std::string> remarks_beside(const Verdict& verdict, const LoadResult& result);

}  // namespace weir::load
