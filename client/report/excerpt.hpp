#pragma once

#include <string>

#include "client/measure/wrong_reply.hpp"

namespace weir::load {

/// The bytes around the place where a reply went wrong, expected above received, in hexadecimal and as text: the 16
/// among which the first wrong one is, and a mark below it. Empty where nothing is known.
std::string excerpt(const WrongReply& wrong, std::size_t indent);

}  // namespace weir::load
