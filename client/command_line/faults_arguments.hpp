#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "client/faults/faults_options.hpp"
#include "client/load_options.hpp"

namespace weir::load {

/// Adds --expect-faults and what belongs to it.
void add_faults(CLI::App& app, const std::shared_ptr<FaultsOptions>& options);

/// Whether the command line asks for it. Throws std::invalid_argument where it does not, but has what belongs to it.
bool asks_for_faults(const CLI::App& app);

/// What a run with --expect-faults does, of the plan of an ordinary one. Throws std::invalid_argument where an option
/// of the load was given that has no use there.
FaultsOptions faults_of(const CLI::App& app, FaultsOptions options, const LoadOptions& plan);

}  // namespace weir::load
