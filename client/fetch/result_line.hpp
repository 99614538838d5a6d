#pragma once

#include <string>

#include "client/fetch/fetch_result.hpp"

namespace weir::load {

/// The result as a line of JSON with its newline. docs/load-testing.md describes the keys.
std::string result_line(const FetchResult& result);

}  // namespace weir::load
