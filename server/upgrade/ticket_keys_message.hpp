#pragma once

#include <boost/json/object.hpp>

#include "common/tls/ticket_keys.hpp"

namespace weir::upgrade {

/// The message of a channel that passes the keys of TLS session tickets on, which nobody else can read: a socket pair
/// of two processes.
boost::json::object make_ticket_keys_message(const tls::SecretBytes& keys);
/// What such a message says; none where it cannot be understood.
tls::SecretBytes take_ticket_keys(const boost::json::object& message);

}  // namespace weir::upgrade
