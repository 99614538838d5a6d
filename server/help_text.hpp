#pragma once

#include <string>
#include <string_view>

namespace weir {

/// `weir --help`: one screen.
std::string help_text();

/// `weir help VERB`; empty if there is no such verb.
std::string help_text(std::string_view verb);

}  // namespace weir
