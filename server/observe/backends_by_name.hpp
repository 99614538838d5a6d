#pragma once

#include <vector>

#include "server/observe/snapshot.hpp"

namespace weir {

/// The backends with each name once, in their order. A name stands twice while one that left still has connections and
/// its address came back. Counts are then sums, and the state is that of the one that has not left.
std::vector<BackendSnapshot> backends_by_name(const std::vector<BackendSnapshot>& backends);

}  // namespace weir
