#include "server/control/check_channel.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "common/printable.hpp"
#include "common/tls/postgres_preamble.hpp"

namespace weir {

namespace {

using Status = tls::Engine::Status;
using ErrorCode = boost::system::error_code;

}  // namespace

net::awaitable<void> CheckChannel::send_bytes(std::string bytes, ErrorCode& error) {
  if (!bytes.empty()) co_await net::asio::async_write(stream_, net::asio::buffer(bytes), net::into(error));
}

net::awaitable<std::string> CheckChannel::secure(const tls::ClientContext& context, std::string host,
                                                 tls::StartTls starttls, ErrorCode& error) {
  if (starttls == tls::StartTls::postgres) {
    co_await send_bytes(std::string(tls::kPostgresSslRequest), error);
    // One byte: what is behind it is TLS, or nothing (CVE-2021-23222).
    char answer = 0;
    if (!error) co_await net::asio::async_read(stream_, net::asio::buffer(&answer, 1), net::into(error));
    if (error) co_return "";
    if (answer == 'N') co_return "it speaks no TLS: it answers PostgreSQL's SSLRequest with N";
    if (answer != 'S') co_return "it answers PostgreSQL's SSLRequest with " + in_quotes({&answer, 1});
  }
  tls::SslPtr ssl = context.make(host);
  if (!ssl) co_return "OpenSSL does not take the name " + in_quotes(host);
  auto engine = std::make_unique<tls::Engine>(std::move(ssl));
  std::array<char, 4096> piece;
  for (;;) {
    const Status status = engine->handshake();
    // An alert is owed to a backend that is refused, too; whether it takes that does not matter.
    ErrorCode sent;
    co_await send_bytes(engine->due(), sent);
    if (status == Status::failed || status == Status::ended) co_return "TLS handshake: " + engine->problem();
    error = sent;
    if (error) co_return "";
    if (status == Status::done) break;
    const std::size_t got = co_await stream_.async_read_some(net::asio::buffer(piece), net::into(error));
    if (error) co_return "";
    engine->take({piece.data(), got});
  }
  tls_ = std::move(engine);
  co_return "";
}

net::awaitable<void> CheckChannel::send(std::string text, ErrorCode& error) {
  if (tls_) {
    tls_->write(text);
    text = tls_->due();
  }
  co_await send_bytes(std::move(text), error);
}

net::awaitable<std::string> CheckChannel::receive(ErrorCode& error) {
  std::array<char, 4096> piece;
  for (;;) {
    std::string text;
    const Status status = tls_ ? tls_->read(text) : Status::waiting;
    if (!text.empty()) co_return text;
    if (status == Status::ended) {
      error = net::asio::error::eof;
      co_return "";
    }
    if (status == Status::failed) {
      problem_ = tls_->problem();
      error = net::asio::error::connection_aborted;
      co_return "";
    }
    if (tls_) co_await send_bytes(tls_->due(), error);
    if (error) co_return "";
    const std::size_t got = co_await stream_.async_read_some(net::asio::buffer(piece), net::into(error));
    if (!tls_) co_return std::string(piece.data(), got);
    if (error) co_return "";
    tls_->take({piece.data(), got});
  }
}

net::awaitable<void> CheckChannel::finish() {
  if (!tls_) co_return;
  tls_->finish();
  ErrorCode ignored;
  co_await send_bytes(tls_->due(), ignored);
}

}  // namespace weir
