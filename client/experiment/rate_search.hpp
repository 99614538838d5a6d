#pragma once

#include <functional>
#include <optional>

namespace weir::load {

/// Where the highest rate that will do lies.
struct RateBracket {
  std::optional<double> met;     ///< the highest rate that was met, and every lower one that was tried was met too
  std::optional<double> failed;  ///< the lowest that was not; none where there was no need to go so far
};

/// What a search asks of one rate.
enum class Answer { met, failed, stop };

/// Looks for the highest rate that is met: upward from `first` by a quarter until one fails (downward by halves where
/// the first one does), never beyond `most`, and then between the two until they are `precision` apart (relative).
/// `ask` says what a rate comes to; `stop` ends the search with what is known.
RateBracket search_rate(double first, double most, double precision, const std::function<Answer(double)>& ask);

}  // namespace weir::load
