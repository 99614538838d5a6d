#include "client/workload/echo.hpp"

#include "client/connection.hpp"
#include "client/exchange.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

net::awaitable<void> echo_connection(WorkerContext& worker, std::uint32_t index) {
  const io::SlotPtr slot = worker.loop().acquire(WorkerContext::kSlotKind);
  const WorkerPlan& plan = worker.plan();
  io::Stream stream;
  const Failure failure = co_await open_connection(worker, *slot, stream, index);
  if (failure != Failure::none) worker.failed(failure);
  worker.settled(stream.valid());
  while (stream.valid() && !worker.started()) co_await slot->wait();

  Exchange exchange;
  std::uint64_t sequence = 0;
  unsigned unlucky = 0;
  io::Clock::time_point sent = io::Clock::now();
  // A reply's time is the next request's: one look at the clock a request.
  while (stream.valid() && worker.admits(sent)) {
    exchange.message().make(plan.options.message, plan.thread, plan.first_connection + index, sequence++,
                            static_cast<std::uint64_t>((sent - plan.epoch).count()));
    exchange.begin();
    slot->set_deadline(sent + plan.options.timeout);
    Exchange::Status status = exchange.advance(stream, worker.loop().scratch());
    while (status == Exchange::Status::waiting || status == Exchange::Status::working) {
      if (status == Exchange::Status::waiting) {
        co_await slot->wait();
      } else {
        co_await slot->yield();
      }
      if (slot->timer_fired()) {
        exchange.give_up(Failure::reply_timeout);
        status = Exchange::Status::failed;
      } else if (worker.abandoned()) {
        break;
      } else {
        status = exchange.advance(stream, worker.loop().scratch());
      }
    }
    const io::Clock::time_point now = io::Clock::now();
    if (status == Exchange::Status::done) {
      worker.answered(index, sent, now, exchange.message().length());
      unlucky = 0;
      sent = now;
      continue;
    }
    worker.disconnected();
    stream.reset();
    if (status != Exchange::Status::failed) {
      worker.left_unfinished(sent, now);
      break;
    }
    worker.failed(exchange.failure(), exchange.detail());
    co_await reopen_connection(worker, *slot, stream, index, unlucky++);
    sent = io::Clock::now();
  }
  if (stream.valid()) worker.disconnected();
  stream.close();
  worker.finished();
}

}  // namespace weir::load
