#pragma once

#include "common/proxy_tlvs.hpp"
#include "common/tls/openssl.hpp"

namespace weir::tls {

/// What a server's end knows of its client once the handshake is done, in the words that HAProxy sends too. The name
/// that was asked for is not among it.
ProxiedTls proxied_tls(SSL* ssl);

}  // namespace weir::tls
