#include "client/tls/stream_failure.hpp"

#include <fmt/format.h>

#include <cstring>

namespace weir::load {

Failure failure_of(const tls::Stream& stream, int error) {
  if (error == tls::Stream::kTruncated) return Failure::tls_truncated;
  if (error != tls::Stream::kBroken) return io_failure(error);
  return stream.failure() == tls::Stream::Failure::alert ? Failure::tls_alert : Failure::tls_broken;
}

std::string failure_detail(const io::Stream& /*stream*/, int error) {
  return io_failure(error) == Failure::io_failed ? std::strerror(error) : "";
}

std::string failure_detail(const tls::Stream& stream, int error) {
  if (error == tls::Stream::kTruncated) return {};
  if (error == tls::Stream::kBroken) return fmt::format("TLS: {}", stream.problem());
  return io_failure(error) == Failure::io_failed ? std::strerror(error) : "";
}

Failure handshake_failure(const tls::Stream& stream) {
  switch (stream.failure()) {
    case tls::Stream::Failure::untrusted:
      return Failure::tls_untrusted;
    case tls::Stream::Failure::alert:
      return Failure::tls_alert;
    case tls::Stream::Failure::socket:
      return io_failure(stream.error());
    case tls::Stream::Failure::none:
    case tls::Stream::Failure::protocol:
    case tls::Stream::Failure::closed:
      break;
  }
  return Failure::tls_handshake;
}

std::string handshake_detail(const tls::Stream& stream) {
  switch (stream.failure()) {
    case tls::Stream::Failure::socket:
      return {};
    case tls::Stream::Failure::closed:
      return "TLS handshake: the target closed the connection";
    case tls::Stream::Failure::untrusted:
      return fmt::format("the target's certificate is not trusted: {}", stream.problem());
    case tls::Stream::Failure::none:
    case tls::Stream::Failure::protocol:
    case tls::Stream::Failure::alert:
      break;
  }
  return fmt::format("TLS handshake: {}", stream.problem());
}

}  // namespace weir::load
