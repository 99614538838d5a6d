#include "client/compare/regression_limit.hpp"

#include <sstream>
#include <stdexcept>

#include "client/slo.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

RegressionLimit parse_limit(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw std::invalid_argument("is a list such as p99=10%,p50=200us,rate=5%,errors=0.1%,wrong=0, not " +
                                in_quotes(text));
  }
  RegressionLimit limit;
  limit.text = text;
  limit.name = text.substr(0, equals);
  const std::string most = text.substr(equals + 1);
  if (limit.name == "wrong") {
    limit.what = RegressionLimit::What::wrong;
    limit.number = parse_count(most);
  } else if (limit.name == "errors") {
    limit.what = RegressionLimit::What::errors;
    limit.share = parse_percent(most);
    if (limit.share > 1)
      throw std::invalid_argument(text + ": is 0% to 100%, the share of errors that B may have more");
  } else if (limit.name == "rate") {
    limit.what = RegressionLimit::What::rate;
    limit.share = parse_percent(most);
    if (limit.share >= 1) throw std::invalid_argument(text + ": no rate can fall by that much");
  } else {
    limit.percent = parse_percentile(limit.name);
    if (most.ends_with('%')) {
      limit.share = parse_percent(most);
    } else {
      limit.time = parse_duration(most);
    }
  }
  return limit;
}

}  // namespace

std::vector<RegressionLimit> parse_regression_limits(const std::string& text) {
  std::vector<RegressionLimit> limits;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) limits.push_back(parse_limit(part));
  if (limits.empty() || text.ends_with(',')) parse_limit("");
  return limits;
}

}  // namespace weir::load
