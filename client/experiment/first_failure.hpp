#pragma once

#include <string>

#include "client/report/load_result.hpp"

namespace weir::load {

/// Why a run had no connection or reply, in a few words: `connection refused`.
inline std::string first_failure(const LoadResult& result) {
  if (!result.stats.examples.empty()) return result.stats.examples.front();
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (result.stats.failures[failure] != 0) return std::string(failure_text(failure));
  }
  return "no reply came";
}

}  // namespace weir::load
