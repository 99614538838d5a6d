#include "server/control/health_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <chrono>
#include <new>
#include <random>
#include <set>
#include <utility>

#include "common/io/self_connect.hpp"
#include "common/io/stream.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/control/expected_answer.hpp"
#include "server/control/spawn_until.hpp"
#include "server/upstream/health.hpp"
#include "server/upstream/source_pool.hpp"

namespace weir {

namespace {

namespace asio = net::asio;
using Protocol = asio::generic::stream_protocol;
using Stream = boost::beast::basic_stream<Protocol, net::Executor>;
using Result = CheckOutcome::Result;

CheckOutcome failure(const std::string& doing, const boost::system::error_code& error, const HealthConfig& config) {
  if (error == boost::beast::error::timeout) {
    return {Result::failed, doing + ": not within " + format_duration(config.timeout)};
  }
  const bool ours = error.category() == boost::system::system_category() && io::is_local_error(error.value());
  return {ours ? Result::undecided : Result::failed, doing + ": " + error.message()};
}

/// A unix socket whose queue is full is waited for. Asio takes it for one that is being connected.
net::awaitable<void> connect_unix(Stream& stream, const Endpoint& target, io::Clock::time_point deadline,
                                  boost::system::error_code& error) {
  stream.socket().open(Protocol(target.family(), 0), error);
  if (!error) stream.socket().native_non_blocking(true, error);
  if (error) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    error.assign(io::connect_socket(stream.socket().native_handle(), target), boost::system::system_category());
    if (!io::is_queue_full(target, error.value())) co_return;
    if (io::Clock::now() >= deadline) break;
    timer.expires_at(std::min(deadline, io::Clock::now() + io::kQueueFullPause));
    boost::system::error_code ignored;
    co_await timer.async_wait(net::into(ignored));
  }
  error = boost::beast::error::timeout;
}

/// As connections do: from each source in turn until one has a port left.
net::awaitable<void> connect(Stream& stream, const Endpoint& target, SourceTurns& sources,
                             io::Clock::time_point deadline, boost::system::error_code& error) {
  if (target.is_unix()) co_return co_await connect_unix(stream, target, deadline, error);
  const Protocol::endpoint endpoint(target.data(), target.size());
  if (!sources.pool().binds(target)) co_return co_await stream.async_connect(endpoint, net::into(error));
  const SourceTurns::Time now = io::Clock::now();
  error.assign(EADDRNOTAVAIL, boost::system::system_category());
  for (const std::size_t address : sources.next(target, now)) {
    stream.socket().close(error);
    stream.socket().open(endpoint.protocol(), error);
    if (error) co_return;
    error.assign(bind_source(stream.socket().native_handle(), sources.pool().addresses()[address]),
                 boost::system::system_category());
    if (!error) co_await stream.async_connect(endpoint, net::into(error));
    if (!is_source_spent(error.value())) co_return;
    sources.rest(address, now);
  }
}

/// What a check sends first. A backend that expects a PROXY header is told that this is no client's connection. Version
/// 1 has only UNKNOWN for that, which some servers refuse (Postfix 3.7): there the header has the addresses as they
/// are.
std::string opening_of(int fd, const Endpoint& endpoint, const HealthConfig& config, ProxyVersion proxy_protocol) {
  ProxyHeader header;
  if (proxy_protocol == ProxyVersion::v1) header = {local_endpoint(fd), endpoint, "", false};
  return make_proxy_header(proxy_protocol, header) + config.send;
}

net::awaitable<CheckOutcome> check_endpoint(const Endpoint& endpoint, SourceTurns& sources, const HealthConfig& config,
                                            ProxyVersion proxy_protocol,
                                            std::chrono::steady_clock::time_point deadline) {
  Stream stream(co_await asio::this_coro::executor);
  stream.expires_at(deadline);
  boost::system::error_code error;
  co_await connect(stream, endpoint, sources, deadline, error);
  if (!error) {
    error.assign(io::refuse_self_connect(stream.socket().native_handle(), endpoint), boost::system::system_category());
  }
  if (error) co_return failure("connect", error, config);
  const std::string opening = opening_of(stream.socket().native_handle(), endpoint, config, proxy_protocol);
  if (!opening.empty()) {
    co_await asio::async_write(stream, asio::buffer(opening), net::into(error));
    if (error) co_return failure("send", error, config);
  }
  ExpectedAnswer answer(config.expect);
  std::array<char, 4096> piece;
  while (answer.status() == ExpectedAnswer::Status::awaited) {
    const std::size_t got = co_await stream.async_read_some(asio::buffer(piece), net::into(error));
    answer.take({piece.data(), got});
    if (!error || answer.status() != ExpectedAnswer::Status::awaited) continue;
    CheckOutcome outcome = failure("answer", error, config);
    if (!answer.text().empty()) outcome.why += " after " + in_quotes(answer.text());
    co_return outcome;
  }
  if (answer.status() == ExpectedAnswer::Status::missing) {
    co_return CheckOutcome{Result::failed, "the answer does not hold what is expected: " + in_quotes(answer.text())};
  }
  co_return CheckOutcome{Result::passed, config.expect.empty() ? "it accepts connections" : "it answers as expected"};
}

}  // namespace

net::awaitable<CheckOutcome> check_backend(const Backend& backend, SourceTurns& sources, const HealthConfig& config,
                                           ProxyVersion proxy_protocol) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + config.timeout;
  CheckOutcome outcome{Result::failed, ""};
  auto untried = static_cast<int>(backend.endpoints().size());
  for (const Endpoint& endpoint : backend.endpoints()) {
    // One address that drops packets must not eat the time of the others.
    const Clock::time_point own = Clock::now() + (deadline - Clock::now()) / untried--;
    if (!sources.pool().reaches(endpoint)) continue;
    outcome = co_await check_endpoint(endpoint, sources, config, proxy_protocol, own);
    // A range or a name does not say which address was tried.
    if (std::string tried = endpoint.to_string(); tried != *backend.name()) {
      outcome.why = fmt::format("{}: {}", tried, outcome.why);
    }
    if (outcome.result != Result::failed) break;
  }
  co_return outcome;
}

/// What the coroutines use, some of which end after the checker.
struct HealthChecker::Shared {
  const std::shared_ptr<Upstream> upstream;
  const std::stop_token stop;
  std::set<Backend::Id> checked;
  std::minstd_rand random{std::random_device()()};
};

HealthChecker::HealthChecker(const net::Executor& executor, std::shared_ptr<Upstream> upstream)
    : executor_(executor), shared_(std::make_shared<Shared>(std::move(upstream), stop_.get_token())) {
  check_new_backends();
}

HealthChecker::~HealthChecker() { stop_.request_stop(); }

void HealthChecker::check_new_backends() {
  if (!shared_->upstream->config().health) return;
  for (const std::shared_ptr<Backend>& backend : shared_->upstream->backends()) {
    if (shared_->checked.contains(backend->id())) continue;
    spawn_until(shared_->stop, executor_, keep_checking(shared_, backend));
    shared_->checked.insert(backend->id());
  }
}

net::awaitable<void> HealthChecker::keep_checking(std::shared_ptr<Shared> shared, std::shared_ptr<Backend> backend) {
  Upstream& upstream = *shared->upstream;
  const std::shared_ptr<const UpstreamConfig> pinned = upstream.pinned_config();
  const HealthConfig& config = *pinned->health;
  Health health(config, upstream.known_health(*backend));
  // So that connections have turns of their own.
  SourceTurns sources(backend->sources().pool(), backend->endpoints().size() == 1);
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!backend->has_left()) {
    try {
      const CheckOutcome outcome = co_await check_backend(*backend, sources, config, pinned->send_proxy_protocol);
      if (shared->stop.stop_requested()) co_return;
      if (backend->has_left()) break;
      if (outcome.result != Result::undecided) {
        backend->count_check(outcome.result == Result::passed);
        health.observe(outcome.result == Result::passed);
        upstream.set_up(*backend, health.up(), outcome.why, io::Clock::now());
      }
    } catch (const std::bad_alloc&) {
      spdlog::error("upstream {}: no memory to check {}; the next check will show", upstream.name(), *backend->name());
    }
    timer.expires_after(pause_before_check(config, std::uniform_real_distribution<double>(0, 1)(shared->random)));
    boost::system::error_code ignored;
    co_await timer.async_wait(net::into(ignored));
    if (shared->stop.stop_requested()) co_return;
  }
  upstream.forget_checks(*backend);
  shared->checked.erase(backend->id());
}

}  // namespace weir
