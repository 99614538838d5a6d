#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "server/observe/faults_snapshot.hpp"
#include "server/observe/snapshot.hpp"

namespace weir::admin {

/// A fault that is on, with its definition as configurations have it.
boost::json::object fault_json(const FaultSnapshot& fault);

/// The body of GET /api/v1/faults, as docs/api.md describes it. `now` knows how often faults were met.
boost::json::value faults_json(const FaultsSnapshot& faults, const ServerSnapshot& now);

}  // namespace weir::admin
