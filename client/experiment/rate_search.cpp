#include "client/experiment/rate_search.hpp"

#include <algorithm>
#include <cmath>

namespace weir::load {

namespace {

constexpr double kUpward = 1.25;
constexpr double kDownward = 0.5;
/// A rate so much lower than the first one is not worth looking for.
constexpr double kLeastShare = 1.0 / 100;

}  // namespace

RateBracket search_rate(double first, double most, double precision, const std::function<Answer(double)>& ask) {
  RateBracket bracket;
  double rate = std::min(first, most);
  const double least = rate * kLeastShare;
  while (true) {
    const Answer answer = ask(rate);
    if (answer == Answer::stop) return bracket;
    if (answer == Answer::met) {
      bracket.met = rate;
      if (bracket.failed || rate >= most) break;
      rate = std::min(rate * kUpward, most);
    } else {
      bracket.failed = rate;
      if (bracket.met) break;
      rate *= kDownward;
      if (rate < least) return bracket;
    }
  }
  while (bracket.failed && *bracket.failed > *bracket.met * (1 + precision)) {
    rate = std::sqrt(*bracket.met * *bracket.failed);
    const Answer answer = ask(rate);
    if (answer == Answer::stop) break;
    (answer == Answer::met ? bracket.met : bracket.failed) = rate;
  }
  return bracket;
}

}  // namespace weir::load
