#pragma once

#include <string>
#include <vector>

#include "client/report/load_result.hpp"

namespace weir::load {

/// What a run came to, measured by one clause.
struct SloFinding {
  SloClause clause;
  std::chrono::nanoseconds found_time{0};  ///< of clauses about times
  double found = 0;                        ///< of the others, in the clause's own unit
  bool met = false;
  std::string sentence;  ///< `p99 is 7.10 ms, more than 5 ms`
};

/// In the order of the clauses. A run without a reply meets no clause about times.
std::vector<SloFinding> slo_findings(const LoadResult& result, const std::vector<SloClause>& clauses);

/// Of result.options.slo: whether all are met.
bool meets_slo(const LoadResult& result);

}  // namespace weir::load
