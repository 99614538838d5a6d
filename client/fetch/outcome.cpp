#include "client/fetch/outcome.hpp"

#include <array>
#include <system_error>

#include "client/measure/failure.hpp"

namespace weir::load {

namespace {

constexpr std::array<std::string_view, kOutcomes> kKeys{"ok",
                                                        "bad_status",
                                                        "dns_failed",
                                                        "refused",
                                                        "unreachable",
                                                        "connect_timeout",
                                                        "connect_failed",
                                                        "tls_failed",
                                                        "timeout",
                                                        "closed_early",
                                                        "reset",
                                                        "bad_response",
                                                        "too_many_redirects",
                                                        "bad_redirect",
                                                        "too_large",
                                                        "write_failed",
                                                        "local_resources",
                                                        "io_failed",
                                                        "interrupted"};

}  // namespace

std::string_view outcome_key(Outcome outcome) { return kKeys[static_cast<std::size_t>(outcome)]; }

FetchFailure fetch_connect_failure(int error) {
  const std::string reason = std::generic_category().message(error);
  switch (connect_failure(error)) {
    case Failure::refused:
      return {Outcome::refused, ""};
    case Failure::unreachable:
      return {Outcome::unreachable, reason};
    case Failure::connect_timeout:
      return {Outcome::connect_timeout, ""};
    case Failure::reset:
      return {Outcome::reset, "during the connect"};
    case Failure::local_ports:
    case Failure::local_resources:
      return {Outcome::local_resources, reason};
    default:
      return {Outcome::connect_failed, reason};
  }
}

}  // namespace weir::load
