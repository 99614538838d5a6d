#include "client/report/load_result.hpp"
#include "client/report/slo_findings.hpp"

namespace weir::load {

int LoadResult::exit_status() const {
  if (stats.failures.wrong_replies() > 0) return 4;
  if (ended_by == EndedBy::no_connection) return 1;
  if (!options.slo_judges_errors() && stats.failures.total() > options.max_errors) return 1;
  return meets_slo(*this) ? 0 : 3;
}

}  // namespace weir::load
