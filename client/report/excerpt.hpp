#pragma once

#include <string>

#include "client/measure/wrong_reply.hpp"

namespace weir::load {

/// The bytes around the place where a reply went wrong, expected above received, in hexadecimal and as text, 16 to a
/// line; the lines that have a difference, and a mark below the first wrong byte. Empty where nothing is known.
std::string excerpt(const WrongReply& wrong, std::size_t indent);

}  // namespace weir::load
