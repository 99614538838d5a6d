#pragma once

#include <string>

#include "common/tls/openssl.hpp"

namespace weir::tls {

/// Why a handshake failed that failed for the peer's certificate, for people: `certificate has expired`.
std::string trust_problem(const SSL* ssl);

}  // namespace weir::tls
