#include "server/admin/client.hpp"

#include <fmt/format.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "common/io/blocking_connect.hpp"
#include "common/io/blocking_resolve.hpp"
#include "common/net.hpp"

namespace weir::admin {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using io::Clock;
using Protocol = net::asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol, net::Executor>;

constexpr std::size_t kLargestAnswer = 64u << 20;

/// Sends the request and reads the answer, and says why none came.
beast::error_code exchange(net::asio::io_context& context, Stream& stream, http::request<http::string_body>& request,
                           http::response_parser<http::string_body>& parser) {
  beast::flat_buffer buffer;
  beast::error_code error;
  http::async_write(stream, request, [&](beast::error_code written, std::size_t) {
    error = written;
    // An endpoint that answers without having read everything is heard all the same.
    if (written && written != net::asio::error::broken_pipe && written != net::asio::error::connection_reset) return;
    http::async_read(stream, buffer, parser, [&](beast::error_code read, std::size_t) { error = read; });
  });
  context.run();
  return error;
}

}  // namespace

Answer Client::request(http::verb method, const std::string& target, const std::string& body) const {
  const std::string name = address_.to_string();
  const auto fail = [&](const std::string& why) {
    throw Unreachable(
        fmt::format("cannot reach the admin endpoint at {}: {}; is weir running with an `admin:` section? "
                    "name another with ADMIN or WEIR_ADMIN",
                    name, why));
  };
  const Clock::time_point deadline = Clock::now() + patience_;
  std::vector<Endpoint> endpoints;
  try {
    endpoints = io::resolve_until(address_, deadline);
  } catch (const std::runtime_error& error) {
    fail(error.what());
  }
  io::ConnectStart start;
  Endpoint reached;
  std::size_t untried = endpoints.size();
  for (const Endpoint& endpoint : endpoints) {
    // One address that drops packets must not eat the time of the others.
    start = io::connect_until(endpoint, Clock::now() + (deadline - Clock::now()) / static_cast<int>(untried--));
    reached = endpoint;
    if (start.error == 0) break;
  }
  if (start.error != 0) fail(std::system_category().message(start.error));

  net::asio::io_context context(1);
  Stream stream(context.get_executor());
  beast::error_code error;
  stream.socket().assign(Protocol(reached.family(), 0), start.socket.get(), error);
  if (error) fail(error.message());
  start.socket.release();  // the stream closes it
  stream.expires_at(deadline);

  http::request<http::string_body> request(method, target, 11, body);
  request.set(http::field::host, address_.is_unix() ? "localhost" : name);
  request.set(http::field::user_agent, "weir");
  request.set(http::field::connection, "close");
  if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
  if (method != http::verb::get) {
    request.set(http::field::content_type, "application/json");  // no web page can send it
    request.prepare_payload();
  }
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLargestAnswer);
  error = exchange(context, stream, request, parser);
  if (error == beast::error::timeout) {
    throw Unreachable(fmt::format("the admin endpoint at {} gave no answer within {} s", name,
                                  std::chrono::duration<double>(patience_).count()));
  }
  if (error) {
    throw Unreachable(fmt::format("what {} answers is no HTTP that can be read ({}); is it the admin endpoint of weir?",
                                  name, error.message()));
  }
  http::response<http::string_body> response = parser.release();
  return {response.result_int(), std::move(response.body())};
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~:").find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace weir::admin
