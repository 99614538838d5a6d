#pragma once

#include <cstddef>
#include <string>

namespace weir::load {

/// Words in lines of at most 80 columns, those after the first one indented; `used` columns of the first are taken.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t used = 0);

/// A part of a report with its name before it: `Verdict      …`
std::string part(const std::string& name, const std::string& text);

}  // namespace weir::load
