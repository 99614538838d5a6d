#pragma once

#include <CLI/App.hpp>
#include <string>

#include "common/command_syntax.hpp"

namespace weir {

/// The options and arguments that were declared on `app` for a verb.
VerbSyntax read_syntax(const CLI::App& app, std::string verb, std::string help);

}  // namespace weir
