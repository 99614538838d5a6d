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
    throw std::invalid_argument("is a list such as p99=10%,p50=200us,rate=5%, not " + in_quotes(text));
  }
  RegressionLimit limit;
  limit.text = text;
  limit.what = text.substr(0, equals);
  const std::string most = text.substr(equals + 1);
  if (!limit.is_of_rate()) limit.percent = parse_percentile(limit.what);
  if (most.ends_with('%') || limit.is_of_rate()) {
    limit.share = parse_percent(most);
  } else {
    limit.time = parse_duration(most);
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
