#include "common/command_line_syntax.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace weir {

VerbSyntax read_syntax(const CLI::App& app, std::string verb, std::string help) {
  VerbSyntax syntax{std::move(verb), std::move(help)};
  for (const CLI::Option* const option : app.get_options()) {
    if (option == app.get_help_ptr()) continue;
    if (option->get_positional()) syntax.positional.push_back(option->get_name(true));
    OptionSyntax found;
    for (const std::string& name : option->get_snames()) found.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) found.names.push_back("--" + name);
    if (found.names.empty()) continue;
    found.takes_value = option->get_items_expected_max() > 0;
    found.may_lack_value = found.takes_value && option->get_items_expected_min() == 0;
    found.repeatable = option->get_items_expected_max() > 1;
    syntax.options.push_back(std::move(found));
  }
  return syntax;
}

}  // namespace weir
