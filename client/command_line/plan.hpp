#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "client/load_options.hpp"

namespace weir::load {

/// Where the options of a verb are gathered while its command line is parsed.
using PlanOptions = std::shared_ptr<LoadOptions>;

/// A rate: `100`, `2.5`, `10k`, also with the unit, `100/s`. Throws std::invalid_argument.
double parse_event_rate(const std::string& text);

/// Adds the options that every verb has which makes a load of requests or connections.
void add_plan(CLI::App& app, const PlanOptions& options);

/// Adds those of the echo workload beside.
void add_echo_plan(CLI::App& app, const PlanOptions& options);

/// What of those goes together, and what has no use. Throws std::invalid_argument.
void check_plan(const CLI::App& app, const LoadOptions& options);

}  // namespace weir::load
