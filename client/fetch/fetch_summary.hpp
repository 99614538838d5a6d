#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "client/fetch/fetch_result.hpp"

namespace weir::load {

/// What all fetches of a run come to; as large after a million as after one.
class FetchSummary {
 public:
  void add(const FetchResult& result);

  std::uint64_t done() const { return done_; }
  std::uint64_t failed() const { return done_ - counts_[static_cast<std::size_t>(Outcome::ok)]; }

  /// For people, some lines. `total` is how long it took, and `not_begun` how many URLs an interrupt left over.
  std::string text(FetchResult::Duration total, std::uint64_t not_begun) const;

 private:
  std::array<std::uint64_t, kOutcomes> counts_{};
  std::uint64_t done_ = 0;
  std::uint64_t bytes_ = 0;
  FetchResult::Duration sum_{};
  FetchResult::Duration slowest_{-1};
  std::string slowest_url_;
};

}  // namespace weir::load
