#pragma once

#include <cstdint>
#include <string>

#include "client/measure/failure.hpp"

namespace weir::load {

/// What was wrong with a reply, as far as it can be told from outside.
struct WrongReply {
  Failure kind = Failure::corrupt;
  std::uint32_t connection = 0;
  std::uint64_t sequence = 0;    ///< of the request whose reply was due
  std::uint64_t offset = 0;      ///< the first wrong byte of that reply
  std::string text;              ///< a sentence that says what happened and where
  std::string expected;          ///< bytes around the place, as they should have been
  std::string received;          ///< and as they came, from the same offset on
  std::uint64_t excerpt_at = 0;  ///< where in the reply both excerpts begin

  /// How much of a reply is shown around the place.
  static constexpr std::size_t kBefore = 8;
  static constexpr std::size_t kExcerpt = 32;
};

}  // namespace weir::load
