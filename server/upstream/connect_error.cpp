#include "server/upstream/connect_error.hpp"

#include <system_error>

namespace weir {

std::string describe_connect_error(int error) {
  switch (error) {
    case kTlsFailed:
      return "its TLS handshake failed";
    case kTlsTimedOut:
      return "its TLS handshake took too long";
    case kTlsUntrusted:
      return "its certificate is not trusted";
    case kTlsRefused:
      return "it speaks no TLS";
    default:
      return std::generic_category().message(error);
  }
}

}  // namespace weir
