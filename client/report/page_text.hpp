#pragma once

#include <string_view>

namespace weir::load {

/// The page of a report, put together from the files of page/ when the program was built, with `{{document}}` where its
/// figures go. CMake writes this function.
std::string_view report_page_text();

}  // namespace weir::load
