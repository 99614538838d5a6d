#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

#include "common/net.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/engine.hpp"
#include "common/tls/options.hpp"

namespace weir {

/// What a check of a backend is spoken over: a socket as it is, or TLS over it. The socket's time limit is that of all
/// waits. An error is the socket's, or boost::asio::error::eof.
class CheckChannel {
 public:
  using Stream = boost::beast::basic_stream<boost::asio::generic::stream_protocol, net::Executor>;

  explicit CheckChannel(const net::Executor& executor) : stream_(executor) {}

  /// Not connected yet.
  Stream& stream() { return stream_; }

  /// From here on TLS is spoken, with a backend that is called `host`. Returns what is wrong with the backend, for
  /// people; "" if nothing is, or if the error says it.
  net::awaitable<std::string> secure(const tls::ClientContext& context, std::string host, tls::StartTls starttls,
                                     boost::system::error_code& error);
  net::awaitable<void> send(std::string text, boost::system::error_code& error);
  /// Something that the backend said, as soon as there is something.
  net::awaitable<std::string> receive(boost::system::error_code& error);
  /// Says that this is all.
  net::awaitable<void> finish();

  /// Why TLS failed after the handshake; "" where it did not.
  const std::string& problem() const { return problem_; }

 private:
  net::awaitable<void> send_bytes(std::string bytes, boost::system::error_code& error);

  Stream stream_;
  std::unique_ptr<tls::Engine> tls_;
  std::string problem_;
};

}  // namespace weir
