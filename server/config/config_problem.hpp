#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace weir {

/// One thing that is wrong with a configuration.
struct ConfigProblem {
  std::string origin;   ///< a file's name, `--set path.to.key`, or a variable of the environment
  int line = 0;         ///< from 1; 0 where there is none
  int column = 0;       ///< from 1, in characters
  std::string path;     ///< `listeners.db.timeouts.idle`, as `--set` takes it; empty where the whole file is meant
  std::string message;  ///< what is wrong, and what would be right

  /// `FILE:LINE:COL: path.to.key: what is wrong, and what would be right`; always one line.
  std::string to_string() const;

  bool operator==(const ConfigProblem&) const = default;
};

/// Where a piece of configuration was written. Line and column count from 1; 0 where there is none.
struct Position {
  std::shared_ptr<const std::string> origin;  ///< a file's name, or `--set path.to.key`
  int line = 0;
  int column = 0;
};

/// "on line 7", or "by --set path.to.key".
std::string first_place(const Position& position);

/// Every problem of one load, in the order of lines; problems of overrides come last.
class ConfigError : public std::exception {
 public:
  explicit ConfigError(std::vector<ConfigProblem> problems);
  /// The one problem that ended the reading.
  ConfigError(const Position& position, std::string message);

  const std::vector<ConfigProblem>& problems() const { return problems_; }
  /// The problems' text forms, a line each.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<ConfigProblem> problems_;
  std::string text_;
};

/// Collects the problems of one load.
class Problems {
 public:
  void add(const Position& position, std::string path, std::string message);
  bool empty() const { return problems_.empty(); }
  std::size_t count() const { return problems_.size(); }
  /// Throws ConfigError when anything was added.
  void throw_if_any();

 private:
  std::vector<ConfigProblem> problems_;
};

}  // namespace weir
