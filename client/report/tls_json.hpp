#pragma once

#include <boost/json/object.hpp>

#include "client/tls/tls_options.hpp"

namespace weir::load {

/// How a run spoke TLS, for the options of its report. Keys stay where they are: a report names files, and holds none.
boost::json::object tls_to_json(const TlsOptions& options);

}  // namespace weir::load
