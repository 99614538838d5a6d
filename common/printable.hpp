#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

/// Text that somebody else wrote, fit for a one-line message: in double quotes, control characters and bytes beyond
/// ASCII that are no UTF-8 escaped as `\xNN`, and cut with `…` after 80 bytes.
std::string in_quotes(std::string_view text);

/// Text that somebody else wrote, fit for a terminal: control characters, those of C1 too, and bytes that are no UTF-8
/// escaped as `\xNN`, so that nothing in it moves the cursor or changes colours.
std::string terminal_text(std::string_view text);

/// Whether it holds a control character of ASCII, as no path and no name should.
bool has_control(std::string_view text);

/// How many bytes the UTF-8 character at the start of the text has; 0 when there is none that is well-formed (RFC
/// 3629).
std::size_t utf8_length(std::string_view text);

}  // namespace weir
