#include "server/config/config_problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir {
namespace {

/// In a file full of mistakes, the first of them must stay visible.
constexpr std::size_t kMostProblems = 200;

bool is_override(const ConfigProblem& problem) { return problem.line == 0; }

}  // namespace

std::string ConfigProblem::to_string() const {
  std::string text = origin;
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  if (!path.empty() && origin != "--set " + path) text += ": " + path;
  text += ": " + message;
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string first_place(const Position& position) {
  return position.line > 0 ? "on line " + std::to_string(position.line) : "by " + *position.origin;
}

ConfigError::ConfigError(std::vector<ConfigProblem> problems) : problems_(std::move(problems)) {
  for (const ConfigProblem& problem : problems_) {
    if (!text_.empty()) text_ += '\n';
    text_ += problem.to_string();
  }
}

ConfigError::ConfigError(const Position& position, std::string message)
    : ConfigError(std::vector<ConfigProblem>{
          {position.origin ? *position.origin : "", position.line, position.column, "", std::move(message)}}) {}

void Problems::add(const Position& position, std::string path, std::string message) {
  problems_.push_back(
      {position.origin ? *position.origin : "", position.line, position.column, std::move(path), std::move(message)});
}

void Problems::throw_if_any() {
  if (problems_.empty()) return;
  std::stable_sort(problems_.begin(), problems_.end(), [](const ConfigProblem& one, const ConfigProblem& other) {
    return std::tuple(is_override(one), one.line, one.column) <
           std::tuple(is_override(other), other.line, other.column);
  });
  if (problems_.size() > kMostProblems) {
    const std::size_t more = problems_.size() - kMostProblems;
    problems_.resize(kMostProblems);
    problems_.push_back({problems_.front().origin, 0, 0, "", "and " + std::to_string(more) + " more problems"});
  }
  throw ConfigError(std::move(problems_));
}

}  // namespace weir
