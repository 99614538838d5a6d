#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace weir::test {

/// A run of weir-load that has ended, and its JSON report.
struct LoadRun {
  int exit;
  std::string err;  ///< with the report for people
  boost::json::value report;

  std::uint64_t number(const std::string& pointer) const;
  /// How many of these failures there were: `corrupt`.
  std::uint64_t failures(const std::string& kind) const { return number("/errors/kinds/" + kind); }
  /// How many of those times (`response`) were that long at least, to a bucket's width.
  std::uint64_t at_least(const std::string& time, std::chrono::nanoseconds bound) const;
};

/// Runs weir-load with these arguments, --quiet and --json -.
LoadRun run_load(std::vector<std::string> arguments);

}  // namespace weir::test
