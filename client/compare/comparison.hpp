#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client/compare/inference.hpp"
#include "client/compare/regression_limit.hpp"

namespace weir::load {

/// What a comparison was made for.
enum class Question : std::uint8_t {
  compare,  ///< did it change?
  ab,       ///< which of two targets is better?
  via,      ///< what does the proxy (B) add to the way to the target (A)?
};

/// What was found out about one quantity.
enum class Finding : std::uint8_t {
  lower,  ///< the interval excludes zero, and the change matters; from p99 on the whole interval, if a side is one run
  higher,
  same,     ///< the interval lies within what does not matter
  unclear,  ///< neither: the interval is too wide to say
  too_few,  ///< too few values for an interval
};

/// Where the sides of a comparison come from.
struct ComparedSide {
  std::string label;
  std::vector<LoadResult> results;  ///< one at least
  /// Their blocks, where they are other ones than the intervals of the results.
  std::optional<Sample> sample = {};
  std::vector<std::string> files = {};  ///< that the results were read from

  std::uint64_t errors() const;
  std::uint64_t wrong_replies() const;
  /// Failures, as a share of what was attempted.
  double error_share() const;
  double rate() const;
  /// Of all results together.
  Histogram times() const;
  Histogram all(Time time) const;
};

/// CPU time that processes on this machine used while requests went through them.
struct ProxyUse {
  std::vector<std::int64_t> pids;
  std::string name;
  double cpu_seconds = 0;
  double cores = 0;              ///< processors that it kept busy
  double microseconds_each = 0;  ///< of CPU time, for each request
};

struct JudgedDifference {
  std::string what;  ///< `p99`, `connect p50`, `handshake p50`, `rate`
  Quantity quantity;
  Difference difference;
  Finding finding = Finding::too_few;
};

/// The finding as JSON names it: `slower`, `faster`, `same`, `unclear`, `too_few`; of the rate `higher` and `lower`.
const char* finding_key(const JudgedDifference& one);

struct JudgedRegression {
  RegressionLimit limit;
  double change = 0;                  ///< for the worse: relative, of errors and wrong replies absolute
  std::chrono::nanoseconds added{0};  ///< the same in time; 0 where it is of no time
  bool exceeded = false;
  bool is_known = true;  ///< false: there is too little to judge it
  std::string sentence;
};

struct CompareSettings {
  double smallest_effect = 0.05;  ///< a change that matters, relative
  std::vector<RegressionLimit> limits;
  bool anyway = false;  ///< judge runs that cannot be compared
};

/// Two sides, how they differ and how sure that is.
struct Comparison {
  Question question = Question::compare;
  std::string version;
  std::vector<std::string> command;
  std::chrono::system_clock::time_point made;
  CompareSettings settings;
  ComparedSide a;
  ComparedSide b;
  Inference inference;
  std::vector<JudgedDifference> differences;
  /// Why they can't be compared: sentences; none where they can.
  std::vector<std::string> objections;
  std::vector<JudgedRegression> regressions;
  std::optional<ProxyUse> proxy;

  /// What was found out, in plain words.
  std::string sentence() const;
  /// 0 fine; 1 more failed than was allowed, or a limit can't be judged (the runs can't be compared, or too little was
  /// measured); 3 a limit was exceeded; 4 a reply was wrong.
  int exit_status() const;
};

/// Compares what was measured. `paired` as in infer(): block i of A was measured beside block i of B.
Comparison compare_sides(Question question, ComparedSide a, ComparedSide b, bool paired,
                         const CompareSettings& settings);

}  // namespace weir::load
