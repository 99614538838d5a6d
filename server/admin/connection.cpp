#include "server/admin/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/verb.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/logging.hpp"

namespace weir::admin {

namespace {

namespace asio = net::asio;
using Error = boost::system::error_code;

/// What came of reading a request: it is there, or it is answered by `refusal`, or neither where the peer has gone.
struct Arrival {
  bool whole = false;
  std::optional<Reply> refusal{};
  bool unclear = false;  ///< nobody can tell where it ends, so nothing that follows is a request
};

/// Whether the first bytes of a request came. One that is leaving ends at once between two requests, which HTTP's
/// clients know how to take; but whoever has only connected has a request on its way, and is owed an answer.
net::awaitable<bool> await_request(Connections& all, Connection& connection) {
  Error error;
  bool hurried = false;
  connection.stream.expires_after(all.bounds.idle);
  do {
    if (connection.closed()) co_return false;
    if (connection.leaving() && !connection.has_input()) {
      if (!connection.fresh()) co_return false;
      if (!std::exchange(hurried, true)) connection.stream.expires_after(all.bounds.leaving);
    }
    connection.set_idle(true);
    const std::size_t got =
        co_await connection.stream.async_read_some(connection.buffer.prepare(4096), net::into(error));
    connection.set_idle(false);
    connection.buffer.commit(got);
  } while (error == asio::error::operation_aborted && connection.leaving());  // it was only woken
  co_return !error;
}

/// Reads a request, but no more than its head where that is refused.
net::awaitable<Arrival> read_request(Connections& all, Connection& connection, const Caller& caller,
                                     RequestParser& parser) {
  Error error;
  Connection::Stream& stream = connection.stream;
  boost::beast::flat_buffer& buffer = connection.buffer;
  if (buffer.size() == 0 && !co_await await_request(all, connection)) co_return Arrival{};
  stream.expires_after(all.bounds.arrival);
  co_await boost::beast::http::async_read_header(stream, buffer, parser, net::into(error));
  if (error) co_return Arrival{false, reply_to_malformed(error)};
  if (connection.closed()) co_return Arrival{};
  const RequestHead& head = parser.get();
  // What does not end in "chunked" has no end that both sides would agree on (RFC 9112, 6.3).
  if (head.count(http::field::transfer_encoding) > 0 && (!parser.chunked() || head.version() < 11)) {
    co_return Arrival{false, error_reply(400, "a Transfer-Encoding must be chunked"), true};
  }
  if (auto refusal = all.answers->refuse(caller, head)) co_return Arrival{false, std::move(refusal)};
  if (head.count(http::field::expect) > 0 && !parser.is_done()) {
    if (!boost::beast::iequals(head[http::field::expect], "100-continue")) {
      co_return Arrival{false, error_reply(417, "the only expectation that is met here is 100-continue")};
    }
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(kContinue), net::into(error));
    if (error) co_return Arrival{};
  }
  if (!parser.is_done()) co_await boost::beast::http::async_read(stream, buffer, parser, net::into(error));
  if (error) co_return Arrival{false, reply_to_malformed(error)};
  co_return Arrival{true, std::nullopt};
}

net::awaitable<bool> send(Connections& all, Connection& connection, const Reply& reply, bool keep, bool head_alone) {
  const std::string head = head_of(reply, keep);
  const std::array<asio::const_buffer, 2> all_of_it{
      asio::buffer(head), head_alone ? asio::const_buffer() : asio::const_buffer(asio::buffer(reply.body))};
  connection.stream.expires_after(all.bounds.taking);
  Error error;
  co_await asio::async_write(connection.stream, all_of_it, net::into(error));
  co_return !error;
}

/// Reads a request and answers it. False where the connection goes no further.
net::awaitable<bool> exchange(Connections& all, Connection& connection, const Caller& caller, bool last) {
  RequestParser parser;
  connection.set_busy(false);
  Arrival arrival = co_await read_request(all, connection, caller, parser);
  if (connection.closed() || (!arrival.whole && !arrival.refusal)) co_return false;
  connection.set_busy(true);
  // What is left of a request that was refused is not read.
  bool keep = !arrival.unclear && parser.is_done() && parser.get().keep_alive() && !last;
  const bool head_alone = parser.is_header_done() && parser.get().method() == http::verb::head;
  Reply reply;
  if (arrival.refusal) {
    reply = std::move(*arrival.refusal);
  } else {
    reply = co_await all.answers->answer(caller, parser.release());
    if (connection.closed()) co_return false;
  }
  keep = keep && !connection.leaving();  // the request itself may have been to close its socket
  const bool sent = co_await send(all, connection, reply, keep, head_alone);
  co_return sent&& keep;
}

/// A close with unread bytes would become a RST, which may overtake the reply. So the FIN goes first, and what still
/// comes is thrown away for a moment.
net::awaitable<void> linger(Connections& all, Connection& connection) {
  constexpr std::size_t kMost = 256 * 1024;
  Error error;
  connection.set_busy(false);
  connection.stream.socket().shutdown(asio::socket_base::shutdown_send, error);
  connection.stream.expires_after(all.bounds.linger);
  std::array<char, 4096> rest;
  for (std::size_t taken = 0; !error && taken < kMost;) {
    taken += co_await connection.stream.async_read_some(asio::buffer(rest), net::into(error));
  }
}

}  // namespace

Connection::Connection(const net::Executor& executor, Connections& all, std::stop_source end, std::stop_token listening)
    : stream(executor), all_(all), end_(std::move(end)), listening_(std::move(listening)) {
  while (all_.open_.size() >= all_.bounds.connections && all_.close_one(Connections::Which::any)) {
  }
  place_ = all_.open_.insert(all_.open_.end(), this);
}

Connection::~Connection() {
  if (place_ != all_.open_.end()) all_.open_.erase(place_);
}

void Connection::close() {
  if (place_ != all_.open_.end()) all_.open_.erase(std::exchange(place_, all_.open_.end()));
  stream.close();
  end_.request_stop();
}

bool Connection::has_input() {
  Error error;
  return stream.socket().available(error) > 0 && !error;
}

bool Connections::close_one(Which which) {
  // Whoever keeps all places busy must not lock out the others, who have only come.
  const Connection::Clock::time_point now = Connection::Clock::now();
  const auto rank = [&](const Connection* connection) {
    const Connection::Clock::duration age = now - connection->since_;
    const bool hopeful = connection->fresh_ && age < bounds.arrival;
    const bool at_work = connection->busy_ && age < bounds.answering;
    return std::pair(hopeful ? 2 : at_work ? 1 : 0, connection->since_);
  };
  const auto longest =
      std::min_element(open_.begin(), open_.end(),
                       [&](const Connection* one, const Connection* other) { return rank(one) < rank(other); });
  if (longest == open_.end() || ((*longest)->busy_ && which == Which::idle)) return false;
  (*longest)->close();
  return true;
}

void Connections::close_all() {
  while (close_one(Which::any)) {
  }
}

void Connections::wake_idle() {
  for (Connection* const connection : open_) {
    if (connection->idle_ && connection->leaving()) connection->stream.cancel();
  }
}

void Connections::when_empty(const net::Executor& executor, std::function<void()> function) {
  retiring_.emplace(executor);
  retiring_->expires_after(served_ == 0 ? std::chrono::milliseconds(0) : bounds.retiring);
  wait_until_empty(std::move(function));
}

void Connections::wait_until_empty(std::function<void()> function) {
  retiring_->async_wait([all = shared_from_this(), function = std::move(function)](const Error& error) mutable {
    if (all->stop.stop_requested()) return;
    if (all->served_ == 0) {
      function();
      return;
    }
    if (!error) {
      all->close_all();
      all->retiring_->expires_at(Connection::Clock::time_point::max());
    }
    all->wait_until_empty(std::move(function));
  });
}

void Connections::cancel_when_empty() {
  if (retiring_) retiring_->cancel();
}

net::awaitable<void> serve(Served served, std::stop_source end, std::stop_token listening, io::Descriptor socket,
                           int family, Caller caller) {
  Connections& all = served.all();
  try {
    Connection connection(co_await asio::this_coro::executor, all, end, std::move(listening));
    Error error;
    connection.stream.socket().assign(Connection::Protocol(family, 0), socket.get(), error);
    if (error) co_return;
    socket.release();  // the stream closes it
    bool more = true;
    for (std::size_t request = 1; more; ++request) {
      more = co_await exchange(all, connection, caller, request >= all.bounds.requests);
    }
    if (!connection.closed()) co_await linger(all, connection);
  } catch (const std::exception& failure) {
    if (!end.stop_requested())
      spdlog::error("{}: a connection of {} failed: {}", all.name, caller.name, failure.what());
  }
}

}  // namespace weir::admin
