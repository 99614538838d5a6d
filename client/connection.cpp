#include "client/connection.hpp"

#include <algorithm>

#include "client/dial.hpp"

namespace weir::load {

net::awaitable<Failure> open_connection(WorkerContext& worker, io::Slot& slot, Transport& transport,
                                        std::uint32_t index, Patience patience) {
  const io::Clock::time_point began = io::Clock::now();
  const WorkerPlan& plan = worker.plan();
  const LoadOptions& options = plan.options;
  const DialPlan way{plan.endpoint,   options.source,         options.timeout,
                     plan.port_range, options.proxy_protocol, options.proxy_sources};
  const std::function<bool()> running = [&worker, patience] {
    return worker.running() || (patience == Patience::drain && worker.started() && !worker.abandoned());
  };
  const Failure failure = co_await dial(way, slot, transport.socket(), plan.first_connection + index, running);
  if (!transport.valid()) co_return failure;
  worker.connected(began);
  TlsClient* const tls = worker.tls();
  if (tls == nullptr) co_return failure;
  const io::Clock::time_point stood = io::Clock::now();
  const TlsHandshake handshake = co_await tls->shake_hands(transport, slot, index, options.timeout, running);
  if (handshake.done) {
    worker.shook_hands(stood, handshake);
    if (worker.wants_agreement()) transport.with([&worker](const auto& stream) { worker.agreed(agreed_on(stream)); });
  } else {
    worker.disconnected();
    worker.note_example(handshake.detail);
  }
  co_return handshake.failure;
}

net::awaitable<void> pause_after_failure(WorkerContext& worker, io::Slot& slot, unsigned in_a_row) {
  using std::chrono::milliseconds;
  const milliseconds pause = std::min(milliseconds(1000), milliseconds(100) * (1U << std::min(in_a_row - 1, 10U)));
  slot.set_deadline(io::Clock::now() + pause);
  while (!slot.timer_fired() && worker.running()) co_await slot.wait();
}

net::awaitable<void> reopen_connection(WorkerContext& worker, io::Slot& slot, Transport& transport, std::uint32_t index,
                                       unsigned unlucky, const std::function<bool()>& goes_on) {
  for (unsigned failures = unlucky; worker.running(); ++failures) {
    slot.clear_deadline();
    if (failures != 0) co_await pause_after_failure(worker, slot, failures);
    if (!worker.running()) co_return;
    const Failure failure = co_await open_connection(worker, slot, transport, index);
    if (transport.valid()) {
      worker.count(Count::reopened);
      co_return;
    }
    if (failure == Failure::none) co_return;
    worker.failed(failure);
    if (!goes_on()) co_return;
  }
}

}  // namespace weir::load
