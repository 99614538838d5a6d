#pragma once

#include "server/observe/snapshot.hpp"

namespace weir {

/// What the kernel says of this process: its id, CPU time, descriptors and memory (proc(5), getrusage(2)). The other
/// fields keep their defaults, and what cannot be read is 0.
ProcessSnapshot read_process_figures();

}  // namespace weir
