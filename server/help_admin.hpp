#pragma once

#include <string_view>

namespace weir {

/// `weir help VERB` for the verbs that ask a running daemon; empty if it is none of them.
std::string_view admin_help_text(std::string_view verb);

}  // namespace weir
