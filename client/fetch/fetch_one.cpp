#include "client/fetch/fetch_one.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cstring>
#include <optional>
#include <vector>

#include "client/fetch/request.hpp"
#include "client/fetch/tls_context.hpp"
#include "common/io/self_connect.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace asio = net::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;
using Tcp = asio::ip::tcp;
using Socket = beast::basic_stream<Tcp, net::Executor>;
using Error = boost::system::error_code;

namespace {

constexpr auto kResult = asio::as_tuple(asio::use_awaitable_t<net::Executor>());
constexpr std::uint32_t kMostHeader = 64 * 1024;
constexpr std::size_t kBodyBuffer = 32 * 1024;
/// Of what came but is not parsed yet.
constexpr std::size_t kReadBuffer = 128 * 1024;
/// 100 Continue, 103 Early Hints and the like before the response.
constexpr int kMostInterim = 16;

Tcp::endpoint to_asio(Endpoint address, std::uint16_t port) {
  address.set_port(port);
  Tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), address.data(), address.size());
  endpoint.resize(address.size());
  return endpoint;
}

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Whether the other side's end came where more was due.
bool is_early_end(const Error& error) {
  return error == asio::error::eof || error == http::error::end_of_stream || error == http::error::partial_message ||
         error == asio::ssl::error::stream_truncated;
}

bool is_of(const Error& error, const boost::system::error_category& category) { return error.category() == category; }

}  // namespace

/// One URL, over as many requests as its redirects take.
class Fetch {
 public:
  Fetch(FetchContext& context, std::size_t index)
      : context_(context),
        options_(context.options),
        began_(Clock::now()),
        deadline_(began_ + options_.timeout),
        sink_(context.output.path_for(index, options_.urls[index])),
        body_(kBodyBuffer) {
    result_.url = result_.final_url = options_.urls[index];
    result_.begin = began_ - context_.began;
    context_.under_way.insert(this);
  }
  ~Fetch() { context_.under_way.erase(this); }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  net::awaitable<FetchResult> run() {
    Failed failed;
    do {
      failed = co_await request();
    } while (!failed && next_);
    result_.end = since();
    socket_.reset();
    if (failed) {
      result_.outcome = context_.interrupted ? Outcome::interrupted : failed->outcome;
      result_.detail = context_.interrupted ? "" : std::move(failed->detail);
    } else if (*result_.status >= 400 && !options_.any_status) {
      result_.outcome = Outcome::bad_status;
    }
    co_return std::move(result_);
  }

  /// Whatever it waits for fails at once.
  void abort() {
    if (socket_) socket_->close();
  }

 private:
  using Failed = std::optional<FetchFailure>;

  FetchResult::Duration since() const { return Clock::now() - began_; }

  net::awaitable<Failed> request() {
    if (context_.interrupted) co_return FetchFailure{Outcome::interrupted, ""};
    if (next_) result_.final_url = *std::exchange(next_, std::nullopt);
    result_.dns = result_.connect = result_.tls = result_.first_byte = std::nullopt;
    const Clock::time_point connect_by = std::min(deadline_, Clock::now() + options_.connect_timeout);

    const NameResolver::Answer answer = co_await context_.names.resolve(result_.final_url.host, connect_by);
    if (answer.addresses.empty()) co_return FetchFailure{Outcome::dns_failed, answer.error};
    result_.dns = since();

    if (Failed failed = co_await connect(answer.addresses, connect_by)) co_return failed;
    result_.connect = since();
    if (!result_.final_url.secure) {
      socket_->expires_at(deadline_);
      co_return co_await exchange(*socket_);
    }

    beast::ssl_stream<Socket&> tls(*socket_, context_.tls);
    expect_host(tls.native_handle(), result_.final_url);
    const auto [error] = co_await tls.async_handshake(asio::ssl::stream_base::client, kResult);
    if (error == beast::error::timeout) co_return FetchFailure{Outcome::connect_timeout, "in the TLS handshake"};
    if (error) co_return FetchFailure{Outcome::tls_failed, handshake_failure(tls.native_handle(), error)};
    result_.tls = since();
    socket_->expires_at(deadline_);
    co_return co_await exchange(tls);
  }

  /// Tries one address after the other. Each but the last gets half of the time that is left, so that one that does
  /// not answer leaves some for the others. What is told is how the first of them failed, or the first that this
  /// machine has a route to: an IPv6 address without one must not hide that the IPv4 address refused.
  net::awaitable<Failed> connect(const std::vector<Endpoint>& addresses, Clock::time_point by) {
    Failed told;
    std::string told_of;
    for (std::size_t i = 0; i < addresses.size() && !context_.interrupted; ++i) {
      const Tcp::endpoint endpoint = to_asio(addresses[i], result_.final_url.port);
      const Endpoint peer(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
      const Clock::time_point now = Clock::now();
      result_.address = peer.to_string();
      socket_.emplace(context_.executor);
      socket_->expires_at(i + 1 == addresses.size() ? by : now + (by - now) / 2);
      const auto [error] = co_await socket_->async_connect(endpoint, kResult);
      const int self = error ? 0 : io::refuse_self_connect(socket_->socket().native_handle(), peer);
      if (!error && self == 0) {
        socket_->expires_at(by);
        co_return std::nullopt;
      }
      if (told && told->outcome != Outcome::unreachable) continue;
      told_of = result_.address;
      told = error == beast::error::timeout ? FetchFailure{Outcome::connect_timeout, ""}
                                            : fetch_connect_failure(self != 0 ? self : error.value());
    }
    result_.address = told_of;
    co_return told ? told : FetchFailure{Outcome::interrupted, ""};
  }

  /// Sends the request, and takes the response's header and body.
  template <typename Stream>
  net::awaitable<Failed> exchange(Stream& stream) {
    const Request request = make_request(options_, result_.url, result_.final_url);
    const auto [send_error, sent] = co_await http::async_write(stream, request, kResult);
    if (send_error) co_return failure(send_error, "while the request was sent");

    beast::flat_buffer buffer(kReadBuffer);
    const auto [first_error, count] = co_await stream.async_read_some(buffer.prepare(kBodyBuffer), kResult);
    if (first_error) co_return failure(first_error, "before the first byte");
    buffer.commit(count);
    result_.first_byte = since();

    std::optional<http::response_parser<http::buffer_body>> parser;
    for (int interim = 0; !parser || parser->get().result_int() / 100 == 1; ++interim) {
      if (interim > kMostInterim) co_return FetchFailure{Outcome::bad_response, "too many 1xx responses"};
      parser.emplace();
      parser->header_limit(kMostHeader);
      parser->body_limit(boost::none);
      const auto [error, header_bytes] = co_await http::async_read_header(stream, buffer, *parser, kResult);
      if (error) co_return failure(error, "in the header");
      if (parser->get().result() == http::status::switching_protocols) break;
    }
    const unsigned status = parser->get().result_int();
    result_.status = status;
    if (status < 100) co_return FetchFailure{Outcome::bad_response, "its status is " + std::to_string(status)};
    if (status == 101) co_return FetchFailure{Outcome::bad_response, "switches to another protocol"};
    if (is_redirect(status) && options_.max_redirects > 0 && parser->get().count(http::field::location) != 0) {
      co_return follow(parser->get()[http::field::location]);
    }
    co_return co_await take_body(stream, buffer, *parser);
  }

  Failed follow(std::string_view location) {
    if (result_.redirects >= options_.max_redirects) {
      return FetchFailure{Outcome::too_many_redirects, ""};
    }
    try {
      next_ = resolve_reference(result_.final_url, location);
    } catch (const std::invalid_argument& error) {
      return FetchFailure{Outcome::bad_redirect, in_quotes(location) + " " + error.what()};
    }
    if (result_.final_url.secure && !next_->secure && !options_.insecure) {
      return FetchFailure{Outcome::bad_redirect, "leads from https to " + in_quotes(next_->to_string())};
    }
    ++result_.redirects;
    return std::nullopt;
  }

  template <typename Stream, typename Parser>
  net::awaitable<Failed> take_body(Stream& stream, beast::flat_buffer& buffer, Parser& parser) {
    int write_error = sink_.open();
    if (write_error == 0) result_.file = sink_.path();
    while (write_error == 0 && !parser.is_done()) {
      auto& body = parser.get().body();
      body.data = body_.data();
      body.size = body_.size();
      const auto [error, parsed] = co_await http::async_read_some(stream, buffer, parser, kResult);
      const std::size_t count = body_.size() - body.size;
      result_.bytes += count;
      if (options_.max_size && result_.bytes > *options_.max_size) {
        co_return FetchFailure{Outcome::too_large, "more than " + std::to_string(*options_.max_size) + " bytes"};
      }
      write_error = sink_.write({body_.data(), count});
      if (error && error != http::error::need_buffer && write_error == 0) {
        co_return failure(error, "in the body after " + std::to_string(result_.bytes) + " bytes");
      }
    }
    if (write_error == 0) write_error = sink_.close();
    if (write_error == 0) co_return std::nullopt;
    co_return FetchFailure{Outcome::write_failed,
                           in_quotes(sink_.path()) + ": " + std::generic_category().message(write_error)};
  }

  static FetchFailure failure(const Error& error, std::string where) {
    if (error == beast::error::timeout) return {Outcome::timeout, std::move(where)};
    if (is_early_end(error)) return {Outcome::closed_early, std::move(where)};
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
      return {Outcome::reset, std::move(where)};
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return {Outcome::bad_response, "its header is larger than 64 KiB"};
    }
    if (is_of(error, http::make_error_code(http::error::bad_version).category())) {
      return {Outcome::bad_response, error.message() + ", " + where};
    }
    if (is_of(error, asio::error::get_ssl_category())) return {Outcome::tls_failed, error.message() + ", " + where};
    return {Outcome::io_failed, error.message() + ", " + where};
  }

  FetchContext& context_;
  const FetchOptions& options_;
  const Clock::time_point began_;
  const Clock::time_point deadline_;
  BodySink sink_;
  std::vector<char> body_;
  std::optional<Socket> socket_;
  std::optional<Url> next_;  ///< where the last response redirects to
  FetchResult result_;
};

void FetchContext::interrupt() {
  interrupted = true;
  names.cancel();
  for (Fetch* fetch : under_way) fetch->abort();
}

net::awaitable<FetchResult> fetch_one(FetchContext& context, std::size_t index) {
  Fetch fetch(context, index);
  co_return co_await fetch.run();
}

}  // namespace weir::load
