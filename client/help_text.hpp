#pragma once

#include <string>
#include <string_view>

namespace weir::load {

/// `weir-load --help`: one screen.
std::string help_text();

/// `weir-load help VERB`; empty for a verb that there is not.
std::string help_text(std::string_view verb);

}  // namespace weir::load
