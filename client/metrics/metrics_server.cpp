#include "client/metrics/metrics_server.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/io/stream.hpp"
#include "common/metrics/metric_family.hpp"

namespace weir::load {

namespace {

namespace asio = net::asio;
namespace http = boost::beast::http;
using Error = boost::system::error_code;
using Request = http::request_header<>;
using Response = http::response<http::string_body>;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable_t<net::Executor>());
constexpr std::uint32_t kLargestHead = 8 * 1024;
/// How long accepting pauses when there is no descriptor left.
constexpr std::chrono::milliseconds kPause{100};
/// How much less the thread's work matters than the load's (nice(2)).
constexpr int kNice = 10;

Response make_response(http::status status, const char* type, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(false);
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

Response refusal(http::status status, std::string text) {
  return make_response(status, "text/plain; charset=utf-8", std::move(text) + "\n");
}

Response answer(const Request& request, const LiveMetrics& metrics) {
  const auto target = request.target();
  if (target.substr(0, target.find('?')) != "/metrics") {
    return refusal(http::status::not_found, "there is nothing here but /metrics");
  }
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response response = refusal(http::status::method_not_allowed, "the metrics can be had by GET and HEAD alone");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  return make_response(http::status::ok, kPrometheusTextType, metrics.text());
}

/// What to say to bytes that are no request; nothing where the connection failed or ended.
std::optional<Response> answer_to_malformed(const Error& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refusal(http::status::request_header_fields_too_large, "the request's headers are larger than 8 KiB");
  }
  const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
  if (ended || error.category() != make_error_code(http::error::bad_method).category()) return std::nullopt;
  return refusal(http::status::bad_request, "this is no HTTP/1.1 request: " + error.message());
}

}  // namespace

MetricsServer::MetricsServer(const LoadOptions& options, const Bounds& bounds) : metrics_(options), bounds_(bounds) {
  try {
    for (const Endpoint& endpoint : resolve(*options.prometheus, AddressUse::bind)) {
      sockets_.push_back(std::make_unique<ListeningSocket>(*options.prometheus, endpoint));
    }
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("--prometheus: ") + error.what());
  }
}

MetricsServer::~MetricsServer() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::string> MetricsServer::bound() const {
  std::vector<std::string> names;
  for (const auto& socket : sockets_) names.push_back(socket->endpoint().to_string());
  return names;
}

void MetricsServer::start() {
  for (const auto& socket : sockets_) {
    std::fprintf(stderr, "weir-load: metrics on %s, GET /metrics\n", socket->endpoint().to_string().c_str());
    asio::co_spawn(context_, accept_from(*socket), [](const std::exception_ptr& failure) {
      if (failure) std::fputs("weir-load: no memory to accept who asks for metrics\n", stderr);
    });
  }
  thread_ = std::thread([this] {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    context_.run();
  });
}

void MetricsServer::leave() {
  for (auto& socket : sockets_) socket->close();
}

net::awaitable<void> MetricsServer::accept_from(const ListeningSocket& socket) {
  // Asio closes what it waits on; the socket is the other's.
  asio::posix::basic_stream_descriptor<net::Executor> waiter(context_.get_executor(), ::dup(socket.fd()));
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, net::Executor>
      pause(context_.get_executor());
  for (;;) {
    io::Descriptor accepted(::accept4(socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted) {
      // What goes wrong with one connection, a lack of memory, ends that one.
      asio::co_spawn(context_, serve(std::move(accepted), socket.endpoint().family()),
                     [](const std::exception_ptr&) {});
      co_await asio::post(context_, asio::use_awaitable_t<net::Executor>());
    } else if (io::is_exhaustion(errno)) {
      pause.expires_after(kPause);
      co_await pause.async_wait(kResult);
    } else if (errno == EAGAIN) {
      co_await waiter.async_wait(asio::posix::descriptor_base::wait_read, kResult);
    }
  }
}

net::awaitable<void> MetricsServer::serve(io::Descriptor socket, int family) {
  /// Its place among the open ones.
  struct Place {
    Place(std::list<Stream*>& all, Stream& own) : open(all), stream(own) { open.push_back(&stream); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { open.remove(&stream); }

    std::list<Stream*>& open;
    Stream& stream;
  };
  Stream stream(context_.get_executor());
  Error error;
  stream.socket().assign(Protocol(family, 0), socket.get(), error);
  if (error) co_return;
  socket.release();  // the stream closes it
  while (open_.size() >= bounds_.connections) {
    open_.front()->close();
    open_.pop_front();
  }
  const Place place(open_, stream);
  co_await exchange(stream);
}

net::awaitable<void> MetricsServer::exchange(Stream& stream) {
  boost::beast::flat_buffer buffer(2 * kLargestHead);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLargestHead);
  stream.expires_after(bounds_.arrival);
  const auto [read_error, head_bytes] = co_await http::async_read_header(stream, buffer, parser, kResult);
  std::optional<Response> response = read_error ? answer_to_malformed(read_error) : answer(parser.get(), metrics_);
  if (!response) co_return;
  http::response_serializer<http::string_body> serializer(*response);
  stream.expires_after(bounds_.taking);
  Error write_error;
  if (!read_error && parser.get().method() == http::verb::head) {
    std::tie(write_error, std::ignore) = co_await http::async_write_header(stream, serializer, kResult);
  } else {
    std::tie(write_error, std::ignore) = co_await http::async_write(stream, serializer, kResult);
  }
  if (write_error) co_return;
  // A close with unread bytes would become a RST, which may overtake the answer: the FIN goes first, and what still
  // comes is thrown away for a moment.
  stream.socket().shutdown(asio::socket_base::shutdown_send, write_error);
  stream.expires_after(bounds_.linger);
  std::array<char, 4096> rest;
  while (!write_error) {
    std::tie(write_error, std::ignore) = co_await stream.async_read_some(asio::buffer(rest), kResult);
  }
}

}  // namespace weir::load
