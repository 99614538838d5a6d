#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::tls {

/// What is known of a connection's TLS on the client's side, for its record. What a connection did not come to is
/// empty. A session and its record share it, on different threads.
struct Facts : boost::intrusive_ref_counter<Facts> {
  std::string sni;           ///< the name that the client asked for
  std::string alpn;          ///< the protocol that was agreed on
  std::string_view version;  ///< `TLSv1.3`
  std::string cipher;        ///< as OpenSSL names it
  std::optional<bool> resumed;
  std::optional<std::chrono::microseconds> handshake_time;
  std::string client_cn;  ///< the common name of the client's certificate
  std::string alert;      ///< the alert that ended it, sent or received: `unknown_ca`
};

/// One pointer, where a std::shared_ptr is two: each live session has one.
using FactsPtr = boost::intrusive_ptr<Facts>;

}  // namespace weir::tls
