#pragma once

#include <cstdint>
#include <string>

#include "common/endpoint.hpp"

namespace weir::admin {

/// Who sends requests over a connection.
struct Caller {
  enum class From : std::uint8_t {
    loopback,     ///< this machine, over an endpoint that is bound to a loopback address
    unix_socket,  ///< whoever may write to the socket's file
    elsewhere,
  };

  From from = From::elsewhere;
  std::string name;  ///< for the log
};

/// `socket` is the connection, `peer` its other end, and `bound` is what the endpoint is bound to. Where that is more
/// than loopback, a loopback peer counts as elsewhere too: it may be a proxy or a port forwarder that speaks for
/// others.
Caller caller_of(int socket, const weir::Endpoint& peer, const weir::Endpoint& bound);

}  // namespace weir::admin
