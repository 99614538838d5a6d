#pragma once

#include <string>

#include "client/measure/failure.hpp"
#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"

/// What the failed read or write of a stream means, whichever kind of stream it is.
namespace weir::load {

inline Failure failure_of(const io::Stream& /*stream*/, int error) { return io_failure(error); }
Failure failure_of(const tls::Stream& stream, int error);

/// What else is known of such a failure; may be empty.
std::string failure_detail(const io::Stream& stream, int error);
std::string failure_detail(const tls::Stream& stream, int error);

/// What a handshake failed with.
Failure handshake_failure(const tls::Stream& stream);
std::string handshake_detail(const tls::Stream& stream);

}  // namespace weir::load
