#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <map>
#include <string>

namespace weir::admin {

/// What `GET /api/v1/history` says of the last minutes.
struct Recent {
  static constexpr std::chrono::minutes kSpan{5};

  struct Listener {
    double accepted_rate = 0;  ///< a second, in the last step
    double in_rate = 0;        ///< bytes a second
    double out_rate = 0;
    std::map<std::string, double> ended;  ///< in all of the span
  };
  struct Upstream {
    double connects = 0;  ///< in all of the span
    double connect_failures = 0;
  };

  std::chrono::milliseconds span{0};  ///< how far it reaches back: kSpan, or less after a start
  std::map<std::string, Listener> listeners;
  std::map<std::string, Upstream> upstreams;
};

/// An answer that is none gives an empty one.
Recent recent_of(const boost::json::value& history);

}  // namespace weir::admin
