#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "client/fetch/fetch_result.hpp"

namespace weir::load {

/// The one line about a fetch, without a newline: the status or what went wrong, size, time, URL, and in parentheses
/// what else there is to say. Nothing in it can steer a terminal. With a `width` (0: any) the URL is cut so that the
/// line fits, and then the line itself.
std::string fetch_line(const FetchResult& result, std::size_t width);

/// The text with control characters and bytes that are no UTF-8 as `\xNN`.
std::string printable(std::string_view text);

}  // namespace weir::load
