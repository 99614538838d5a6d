#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/fetch/outcome.hpp"
#include "client/fetch/url.hpp"

namespace weir::load {

/// What became of one URL. Times are counted from when its own fetch began.
struct FetchResult {
  using Duration = std::chrono::nanoseconds;

  Url url;        ///< as given
  Url final_url;  ///< where redirects led
  unsigned redirects = 0;
  Outcome outcome = Outcome::ok;
  std::string detail;              ///< why, where the outcome does not say it all
  std::optional<unsigned> status;  ///< of the last response
  std::uint64_t bytes = 0;         ///< of its body, as received
  std::string address;             ///< the one connected to, or whose failure is told
  std::string file;                ///< where the body is; empty: nowhere
  Duration begin{};                ///< since the first fetch of all began
  /// The last request's, so after any redirects.
  std::optional<Duration> dns, connect, tls, first_byte;
  Duration end{};
};

}  // namespace weir::load
