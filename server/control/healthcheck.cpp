#include "server/control/healthcheck.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "common/io/blocking_connect.hpp"
#include "common/io/blocking_resolve.hpp"
#include "common/net.hpp"

namespace weir {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using io::Clock;

constexpr std::chrono::seconds kHealthcheckPatience{2};

std::string reason(int error) { return std::system_category().message(error); }

/// Empty when the answer to GET is 200, else the reason.
std::string get_until(io::Descriptor socket, const Endpoint& endpoint, const HealthTarget& target,
                      Clock::time_point deadline) {
  net::asio::io_context context(1);
  beast::basic_stream<net::asio::generic::stream_protocol, net::Executor> stream(context.get_executor());
  beast::error_code error;
  stream.socket().assign({endpoint.family(), 0}, socket.get(), error);
  if (error) return error.message();
  socket.release();  // the stream closes it
  stream.expires_at(deadline);

  http::request<http::empty_body> request(http::verb::get, target.http_path, 11);
  request.set(http::field::host, target.address.to_string());
  request.set(http::field::user_agent, "weir-healthcheck");
  request.set(http::field::connection, "close");
  beast::flat_buffer buffer(64u << 10);
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // the status is all that counts
  http::async_write(stream, request, [&](beast::error_code written, std::size_t) {
    error = written;
    if (written) return;
    http::async_read_header(stream, buffer, parser, [&](beast::error_code read, std::size_t) { error = read; });
  });
  context.run();
  if (error == beast::error::timeout) return "no answer within 2 s";
  if (error) return "no HTTP answer: " + error.message();
  if (parser.get().result() == http::status::ok) return "";
  return "GET " + target.http_path + " was answered with status " + std::to_string(parser.get().result_int());
}

}  // namespace

HealthTarget parse_health_target(std::string_view text) {
  HealthTarget target;
  if (text.starts_with("https://")) {
    throw std::invalid_argument("https is not supported; write http://HOST:PORT/path or HOST:PORT");
  }
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
    const std::size_t slash = text.find('/');
    target.http_path = slash == std::string_view::npos ? "/readyz" : std::string(text.substr(slash));
    text = text.substr(0, slash);
    for (const char c : target.http_path) {
      if (static_cast<unsigned char>(c) <= ' ' || c == 127) {
        throw std::invalid_argument("the path holds a blank or a control character; write it percent-encoded");
      }
    }
  }
  target.address = parse_address(text, AddressUse::target);
  if (target.address.is_unix() && !target.http_path.empty()) {
    throw std::invalid_argument("http over a unix socket is not supported; write http://HOST:PORT/path or unix:/path");
  }
  return target;
}

std::string check_health(const HealthTarget& target) {
  const Clock::time_point deadline = Clock::now() + kHealthcheckPatience;
  std::string reasons;
  try {
    const std::vector<Endpoint> endpoints = io::resolve_until(target.address, deadline);
    std::size_t untried = endpoints.size();
    for (const Endpoint& endpoint : endpoints) {
      // One address that drops packets must not eat the time of the others.
      const Clock::time_point own = Clock::now() + (deadline - Clock::now()) / static_cast<int>(untried--);
      auto [socket, error] = io::connect_until(endpoint, own);
      const std::string why = error != 0                 ? reason(error)
                              : target.http_path.empty() ? ""
                                                         : get_until(std::move(socket), endpoint, target, own);
      if (why.empty()) return "";
      reasons += (reasons.empty() ? "" : "; ") + endpoint.to_string() + ": " + why;
    }
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return reasons;
}

}  // namespace weir
