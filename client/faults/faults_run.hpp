#pragma once

#include "client/faults/faults_options.hpp"
#include "client/faults/faults_summary.hpp"

namespace weir::load {

/// Opens connections to an echo one after another, so that their numbers are known, and holds what happens to them
/// against what was announced, until all have been judged, or a signal. Main thread, before any other. Throws
/// std::runtime_error where it cannot: the announcement cannot be read, or a connection cannot be opened.
FaultsSummary check_faults(const FaultsOptions& options, const Announcement& announcement);

}  // namespace weir::load
