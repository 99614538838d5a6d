#include "client/dial.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include "common/io/self_connect.hpp"

namespace weir::load {

namespace {

/// IP_LOCAL_PORT_RANGE, Linux 6.3; younger than the headers that this is built with.
constexpr int kIpLocalPortRange = 51;

io::ConnectStart start(const DialPlan& plan, std::uint64_t number) {
  return io::start_connect(plan.endpoint, [&plan, number](int fd) {
    if (!plan.endpoint.is_inet()) return 0;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (plan.port_range != 0) {
      ::setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &plan.port_range, sizeof plan.port_range);
    }
    return plan.source.empty() ? 0 : plan.source.bind(fd, number);
  });
}

/// A port for an invented source: like those that the kernel gives, and another one for each connection.
std::uint16_t source_port(std::uint64_t number) { return static_cast<std::uint16_t>(32'768 + number % 28'000); }

/// Sends a PROXY header. It is shorter than any send queue, and the socket is new.
bool introduce(const DialPlan& plan, io::Stream& stream, std::uint64_t number) {
  const ProxyHeader header{
      plan.proxy_sources.empty() ? local_endpoint(stream.fd()) : plan.proxy_sources.at(number, source_port(number)),
      remote_endpoint(stream.fd()),
      {},
      false};
  const std::string bytes = make_proxy_header(plan.proxy_protocol, header);
  const io::IoResult result = stream.write(std::as_bytes(std::span(bytes)));
  return result.status == io::IoResult::Status::moved && result.bytes == bytes.size();
}

}  // namespace

net::awaitable<Failure> dial(const DialPlan& plan, io::Slot& slot, io::Stream& stream, std::uint64_t number,
                             const std::function<bool()>& running) {
  const io::Clock::time_point due = io::Clock::now() + plan.timeout;
  io::ConnectStart attempt = start(plan, number);
  while (io::is_queue_full(plan.endpoint, attempt.error) && running() && io::Clock::now() < due) {
    slot.set_deadline(io::Clock::now() + io::kQueueFullPause);
    while (!slot.timer_fired() && running()) co_await slot.wait();
    attempt.error = io::connect_socket(attempt.socket.get(), plan.endpoint);
  }
  if (io::is_queue_full(plan.endpoint, attempt.error)) co_return running() ? Failure::connect_timeout : Failure::none;
  if (attempt.error != 0 && attempt.error != EINPROGRESS) co_return connect_failure(attempt.error);
  stream = io::Stream(slot, io::Side::first, std::move(attempt.socket), plan.endpoint.is_inet());
  if (!stream.valid()) co_return Failure::local_resources;
  if (attempt.error == EINPROGRESS) {
    slot.set_deadline(due);
    while (!stream.writable() && !stream.failed()) {
      co_await slot.wait();
      const bool late = slot.timer_fired();
      if (!late && running()) continue;
      if (stream.writable() || stream.failed()) break;
      stream.reset();
      slot.clear_deadline();
      co_return late ? Failure::connect_timeout : Failure::none;
    }
    slot.clear_deadline();
    if (stream.failed()) {
      const int error = stream.take_error();
      stream.close();
      co_return connect_failure(error);
    }
  }
  if (const int error = io::refuse_self_connect(stream.fd(), plan.endpoint); error != 0) {
    stream.close();
    co_return connect_failure(error);
  }
  if (plan.proxy_protocol != ProxyVersion::none && !introduce(plan, stream, number)) {
    stream.reset();
    co_return Failure::io_failed;
  }
  co_return Failure::none;
}

}  // namespace weir::load
