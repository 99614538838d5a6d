#include "client/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>

#include "common/io/self_connect.hpp"

namespace weir::load {

namespace {

/// IP_LOCAL_PORT_RANGE, Linux 6.3; younger than the headers that this is built with.
constexpr int kIpLocalPortRange = 51;

io::ConnectStart start(const WorkerContext& worker, std::uint64_t number) {
  const SourceAddresses& source = worker.plan().options.source;
  const bool inet = worker.plan().endpoint.is_inet();
  const std::uint32_t ports = worker.plan().port_range;
  return io::start_connect(worker.plan().endpoint, [&source, inet, ports, number](int fd) {
    const int on = 1;
    if (inet) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (ports != 0) ::setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &ports, sizeof ports);
    return inet && !source.empty() ? source.bind(fd, number) : 0;
  });
}

/// A port for an invented source: like those that the kernel gives, and another one for each connection.
std::uint16_t source_port(std::uint64_t number) { return static_cast<std::uint16_t>(32'768 + number % 28'000); }

/// Sends a PROXY header. It is shorter than any send queue, and the socket is new.
bool introduce(const WorkerContext& worker, io::Stream& stream, std::uint64_t number) {
  const LoadOptions& options = worker.plan().options;
  const ProxyHeader header{options.proxy_sources.empty() ? local_endpoint(stream.fd())
                                                         : options.proxy_sources.at(number, source_port(number)),
                           remote_endpoint(stream.fd()),
                           {},
                           false};
  const std::string bytes = make_proxy_header(options.proxy_protocol, header);
  const io::IoResult result = stream.write(std::as_bytes(std::span(bytes)));
  return result.status == io::IoResult::Status::moved && result.bytes == bytes.size();
}

}  // namespace

net::awaitable<Failure> open_connection(WorkerContext& worker, io::Slot& slot, io::Stream& stream,
                                        std::uint32_t index) {
  const io::Clock::time_point began = io::Clock::now();
  const io::Clock::time_point due = began + worker.plan().options.timeout;
  const std::uint64_t number = worker.plan().first_connection + index;
  io::ConnectStart attempt = start(worker, number);
  const Endpoint& target = worker.plan().endpoint;
  while (io::is_queue_full(target, attempt.error) && worker.running() && io::Clock::now() < due) {
    slot.set_deadline(io::Clock::now() + io::kQueueFullPause);
    while (!slot.timer_fired() && worker.running()) co_await slot.wait();
    attempt.error = io::connect_socket(attempt.socket.get(), target);
  }
  if (io::is_queue_full(target, attempt.error)) co_return worker.running() ? Failure::connect_timeout : Failure::none;
  if (attempt.error != 0 && attempt.error != EINPROGRESS) co_return connect_failure(attempt.error);
  stream = io::Stream(slot, io::Side::first, std::move(attempt.socket));
  if (!stream.valid()) co_return Failure::local_resources;
  if (attempt.error == EINPROGRESS) {
    slot.set_deadline(due);
    while (!stream.writable() && !stream.failed()) {
      co_await slot.wait();
      const bool late = slot.timer_fired();
      if (!late && worker.running()) continue;
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
  if (const int error = io::refuse_self_connect(stream.fd(), target); error != 0) {
    stream.close();
    co_return connect_failure(error);
  }
  if (worker.plan().options.proxy_protocol != ProxyVersion::none && !introduce(worker, stream, number)) {
    stream.reset();
    co_return Failure::io_failed;
  }
  worker.connected(began);
  co_return Failure::none;
}

net::awaitable<void> pause_after_failure(WorkerContext& worker, io::Slot& slot, unsigned in_a_row) {
  using std::chrono::milliseconds;
  const milliseconds pause = std::min(milliseconds(1000), milliseconds(100) * (1U << std::min(in_a_row - 1, 10U)));
  slot.set_deadline(io::Clock::now() + pause);
  while (!slot.timer_fired() && worker.running()) co_await slot.wait();
}

net::awaitable<void> reopen_connection(WorkerContext& worker, io::Slot& slot, io::Stream& stream, std::uint32_t index,
                                       unsigned unlucky) {
  for (unsigned failures = unlucky; worker.running(); ++failures) {
    slot.clear_deadline();
    if (failures != 0) co_await pause_after_failure(worker, slot, failures);
    if (!worker.running()) co_return;
    const Failure failure = co_await open_connection(worker, slot, stream, index);
    if (stream.valid()) {
      worker.count(Count::reopened);
      co_return;
    }
    if (failure == Failure::none) co_return;
    worker.failed(failure);
    if (!worker.spend()) co_return;
  }
}

}  // namespace weir::load
