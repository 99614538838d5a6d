#include "server/control/health_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/error.hpp>
#include <chrono>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "common/io/self_connect.hpp"
#include "common/io/stream.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"
#include "server/control/check_channel.hpp"
#include "server/control/expected_answer.hpp"
#include "server/control/spawn_until.hpp"
#include "server/upstream/health.hpp"
#include "server/upstream/source_pool.hpp"

namespace weir {

namespace {

namespace asio = net::asio;
using Protocol = asio::generic::stream_protocol;
using Stream = CheckChannel::Stream;
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
std::string opening_of(int fd, const Endpoint& endpoint, ProxyVersion proxy_protocol) {
  ProxyHeader header;
  if (proxy_protocol == ProxyVersion::v1) header = {local_endpoint(fd), endpoint, "", false};
  return make_proxy_header(proxy_protocol, header);
}

/// What is said before `send`: nothing where the backend is spoken to in the clear and expects no PROXY header. The
/// outcome is the backend's failure, if there is any.
net::awaitable<std::optional<CheckOutcome>> open_channel(CheckChannel& channel, std::string opening, std::string host,
                                                         const HealthConfig& config, const CheckSpeech& speech) {
  boost::system::error_code error;
  co_await channel.send(std::move(opening), error);
  if (error) co_return failure("send", error, config);
  if (!speech.tls) co_return std::nullopt;
  const std::string problem = co_await channel.secure(*speech.tls, std::move(host), speech.starttls, error);
  if (error) co_return failure("TLS handshake", error, config);
  if (!problem.empty()) co_return CheckOutcome{Result::failed, problem};
  co_return std::nullopt;
}

net::awaitable<CheckOutcome> check_endpoint(const Endpoint& endpoint, std::string host, SourceTurns& sources,
                                            const HealthConfig& config, const CheckSpeech& speech,
                                            std::chrono::steady_clock::time_point deadline) {
  CheckChannel channel(co_await asio::this_coro::executor);
  Stream& stream = channel.stream();
  stream.expires_at(deadline);
  boost::system::error_code error;
  co_await connect(stream, endpoint, sources, deadline, error);
  if (!error) {
    error.assign(io::refuse_self_connect(stream.socket().native_handle(), endpoint), boost::system::system_category());
  }
  if (error) co_return failure("connect", error, config);
  std::string opening = opening_of(stream.socket().native_handle(), endpoint, speech.proxy_protocol);
  if (!speech.tls) opening += config.send;
  const std::optional<CheckOutcome> refused =
      co_await open_channel(channel, std::move(opening), std::move(host), config, speech);
  if (refused) co_return *refused;
  if (speech.tls) {
    co_await channel.send(config.send, error);
    if (error) co_return failure("send", error, config);
  }
  ExpectedAnswer answer(config.expect);
  while (answer.status() == ExpectedAnswer::Status::awaited) {
    const std::string said = co_await channel.receive(error);
    answer.take(said);
    if (!error || answer.status() != ExpectedAnswer::Status::awaited) continue;
    CheckOutcome outcome = failure("answer", error, config);
    if (!channel.problem().empty()) outcome = {Result::failed, "answer: " + channel.problem()};
    if (!answer.text().empty()) outcome.why += " after " + in_quotes(answer.text());
    co_return outcome;
  }
  co_await channel.finish();
  if (answer.status() == ExpectedAnswer::Status::missing) {
    co_return CheckOutcome{Result::failed, "the answer does not hold what is expected: " + in_quotes(answer.text())};
  }
  co_return CheckOutcome{Result::passed, config.expect.empty() ? "it accepts connections" : "it answers as expected"};
}

}  // namespace

net::awaitable<CheckOutcome> check_backend(const Backend& backend, SourceTurns& sources, const HealthConfig& config,
                                           CheckSpeech speech) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + config.timeout;
  CheckOutcome outcome{Result::failed, ""};
  auto untried = static_cast<int>(backend.endpoints().size());
  for (const Endpoint& endpoint : backend.endpoints()) {
    // One address that drops packets must not eat the time of the others.
    const Clock::time_point own = Clock::now() + (deadline - Clock::now()) / untried--;
    if (!sources.pool().reaches(endpoint)) continue;
    outcome = co_await check_endpoint(endpoint, std::string(backend.host()), sources, config, speech, own);
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
      CheckSpeech speech{pinned->send_proxy_protocol};
      if (pinned->tls) {
        // That of now, because its files may have changed.
        speech.tls = upstream.pinned_tls()->current();
        speech.starttls = pinned->tls->starttls;
      }
      const CheckOutcome outcome = co_await check_backend(*backend, sources, config, std::move(speech));
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
