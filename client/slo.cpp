#include "client/slo.hpp"

#include <charconv>
#include <sstream>
#include <stdexcept>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

double decimal(std::string_view text) {
  double found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    throw std::invalid_argument("has a number where " + in_quotes(text) + " stands");
  }
  return found;
}

SloClause parse_clause(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw std::invalid_argument("is a list such as p99=5ms,errors=0.1%,rate=99%, not " + in_quotes(text));
  }
  SloClause clause;
  clause.text = text;
  clause.name = text.substr(0, equals);
  const std::string limit = text.substr(equals + 1);
  const bool is_share = limit.ends_with('%');
  if (clause.name == "errors") {
    clause.what = is_share ? SloClause::What::error_share : SloClause::What::error_count;
    clause.number = is_share ? parse_percent(limit) : static_cast<double>(parse_count(limit));
    if (is_share && clause.number > 1) throw std::invalid_argument(text + ": is 0% to 100%");
    return clause;
  }
  if (clause.name == "rate") {
    clause.what = is_share ? SloClause::What::rate_of_plan : SloClause::What::rate;
    clause.number = is_share ? parse_percent(limit) : static_cast<double>(parse_count(limit));
    if (is_share && clause.number > 1) throw std::invalid_argument(text + ": is 0% to 100%");
    return clause;
  }
  if (clause.name == "mean") {
    clause.what = SloClause::What::mean;
  } else if (clause.name == "max") {
    clause.what = SloClause::What::max;
  } else if (clause.name.starts_with('p')) {
    clause.percent = parse_percentile(clause.name);
  } else {
    throw std::invalid_argument("knows p50 to p99.99 (any percentile), mean, max, errors and rate, not " +
                                in_quotes(clause.name));
  }
  clause.time = parse_duration(limit);
  return clause;
}

}  // namespace

double parse_percentile(const std::string& name) {
  double percent = 0;
  if (name.starts_with('p')) percent = decimal(std::string_view(name).substr(1));
  // No longer than what tables have room for.
  constexpr std::size_t kLongestName = 9;
  if (!(percent > 0 && percent < 100) || name.size() > kLongestName) {
    throw std::invalid_argument("is a percentile such as p99 or p99.9, not " + in_quotes(name));
  }
  return percent;
}

double parse_percent(const std::string& text) {
  if (!text.ends_with('%')) throw std::invalid_argument("is a share such as 5%, not " + in_quotes(text));
  const double percent = decimal(std::string_view(text).substr(0, text.size() - 1));
  if (!(percent >= 0 && percent <= 1000)) throw std::invalid_argument("is 0% to 1000%, not " + text);
  return percent / 100;
}

std::vector<SloClause> parse_slo(const std::string& text) {
  std::vector<SloClause> clauses;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) clauses.push_back(parse_clause(part));
  if (clauses.empty() || text.ends_with(',')) parse_clause("");
  return clauses;
}

}  // namespace weir::load
