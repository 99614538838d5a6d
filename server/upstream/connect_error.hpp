#pragma once

#include <cerrno>
#include <string>

namespace weir {

/// What a connect fails with where the backend's TLS is at fault. They stand among the errno of all others.
inline constexpr int kTlsFailed = EPROTO;
inline constexpr int kTlsTimedOut = ETIME;
inline constexpr int kTlsUntrusted = EKEYREJECTED;
inline constexpr int kTlsRefused = EPROTONOSUPPORT;

/// The reason for people.
std::string describe_connect_error(int error);

}  // namespace weir
