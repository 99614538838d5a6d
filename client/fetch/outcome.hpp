#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::load {

/// How a fetch ended, as its line, the results and the summary name it.
enum class Outcome : std::uint8_t {
  ok,
  bad_status,  ///< the response is whole, but its status is 400 or more
  dns_failed,
  refused,
  unreachable,
  connect_timeout,  ///< until the TLS handshake has ended
  connect_failed,   ///< for a reason without a name of its own here
  tls_failed,
  timeout,
  closed_early,  ///< the peer's end came before the end of the response
  reset,
  bad_response,  ///< no HTTP, or more header than allowed
  too_many_redirects,
  bad_redirect,
  too_large,
  write_failed,     ///< of the body, on this machine
  local_resources,  ///< this machine had no descriptor, port or memory
  io_failed,        ///< read or write of the socket failed for another reason
  interrupted,
  count_,
};

inline constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::count_);

/// `closed_early`
std::string_view outcome_key(Outcome outcome);

/// Why something did not work.
struct FetchFailure {
  Outcome outcome;
  std::string detail;  ///< more than the outcome's name says; may be empty
};

/// What a failed connect(2) means.
FetchFailure fetch_connect_failure(int error);

}  // namespace weir::load
