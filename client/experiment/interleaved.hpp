#pragma once

#include "client/experiment/experiment_options.hpp"

namespace weir::load {

/// Puts the plan on both targets in turns (A B B A A B …, so that a steady drift falls on both alike) and compares what
/// was found. Each block is a run of its own, with its own connections. Throws std::runtime_error where a target can't
/// be reached or too little was measured before Ctrl-C. Once, from the main thread.
Comparison run_interleaved(const AbOptions& options);

}  // namespace weir::load
