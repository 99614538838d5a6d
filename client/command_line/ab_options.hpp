#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "client/experiment/experiment_options.hpp"

namespace weir::load {

/// Adds `--smallest-effect`, `--max-regression` and `--anyway`.
void add_compare_settings(CLI::App& app, const std::function<CompareSettings&()>& settings);

/// Adds what loads on two targets in turns have beside their plan.
void add_ab_options(CLI::App& app, const std::shared_ptr<AbOptions>& options);

/// The whole of it. Throws std::invalid_argument where the plan has what makes no sense in turns.
AbOptions ab_of(const CLI::App& app, AbOptions options, const LoadOptions& plan);

/// Throws std::invalid_argument where options of add_ab_options() were given to a load on one target.
void check_ab_is_absent(const CLI::App& app);

}  // namespace weir::load
