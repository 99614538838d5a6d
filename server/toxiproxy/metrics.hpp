#pragma once

#include <string>
#include <vector>

#include "server/toxiproxy/daemon.hpp"

namespace weir::toxiproxy {

/// What Toxiproxy counts of each proxy, in Prometheus' text format and by Toxiproxy's names: what came from its
/// clients, and what they got.
std::string metrics_text(const std::vector<RunningProxy>& proxies);

}  // namespace weir::toxiproxy
