#include "client/workload/connect.hpp"

#include "client/connection.hpp"
#include "client/exchange.hpp"
#include "client/message/classify.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

namespace {

/// What a part of a cycle came to: right, failed (and counted), or cut by the run's end.
enum class Part : std::uint8_t { right, failed, cut };

net::awaitable<Part> exchange_once(WorkerContext& worker, io::Slot& slot, io::Stream& stream, Exchange& exchange) {
  Exchange::Status status = exchange.advance(stream, worker.loop().scratch());
  while (status == Exchange::Status::waiting || status == Exchange::Status::working) {
    if (status == Exchange::Status::waiting) {
      co_await slot.wait();
    } else {
      co_await slot.yield();
    }
    if (worker.abandoned()) co_return Part::cut;
    if (slot.timer_fired()) {
      exchange.give_up(Failure::reply_timeout);
      break;
    }
    status = exchange.advance(stream, worker.loop().scratch());
  }
  if (status == Exchange::Status::done) co_return Part::right;
  worker.failed(exchange.failure(), exchange.detail());
  co_return Part::failed;
}

/// Sends a FIN and waits for the peer's, so that a cycle is over when both sides know it.
net::awaitable<Part> close_in_order(WorkerContext& worker, io::Slot& slot, io::Stream& stream,
                                    const Message& answered) {
  stream.shutdown_write();
  for (;;) {
    while (stream.readable()) {
      const io::IoResult result = stream.read(worker.loop().scratch());
      if (result.status == io::IoResult::Status::end) co_return Part::right;
      if (result.status == io::IoResult::Status::moved && worker.plan().options.exchange) {
        const WrongReply wrong = classify_surplus(answered, worker.loop().scratch().first(result.bytes));
        worker.failed(wrong.kind, wrong.text);
        co_return Part::failed;
      }
      if (result.status == io::IoResult::Status::failed) {
        worker.failed(io_failure(result.error));
        co_return Part::failed;
      }
    }
    co_await slot.wait();
    if (worker.abandoned()) co_return Part::cut;
    if (slot.timer_fired()) {
      worker.failed(Failure::close_timeout);
      co_return Part::failed;
    }
  }
}

}  // namespace

net::awaitable<void> churn(WorkerContext& worker, std::uint32_t index) {
  const io::SlotPtr slot = worker.loop().acquire(WorkerContext::kSlotKind);
  const WorkerPlan& plan = worker.plan();
  io::Stream stream;
  Exchange exchange;
  worker.settled(true);
  while (!worker.started()) co_await slot->wait();

  unsigned unlucky = 0;
  std::uint64_t cycle = 0;
  for (io::Clock::time_point began = io::Clock::now(); worker.admits(began); began = io::Clock::now()) {
    const std::uint64_t number = cycle++;
    // Spread over the source addresses by cycle as well: a churning slot uses up the ports of one address.
    const auto source = static_cast<std::uint32_t>(index + number * plan.connections);
    const Failure failure = co_await open_connection(worker, *slot, stream, source);
    Part part = stream.valid() ? Part::right : failure == Failure::none ? Part::cut : Part::failed;
    if (part == Part::failed) worker.failed(failure);
    const bool open = part == Part::right;
    if (open && plan.options.exchange) {
      const io::Clock::time_point sent = io::Clock::now();
      exchange.message().make(plan.options.message, plan.thread, plan.first_connection + index, number,
                              static_cast<std::uint64_t>((sent - plan.epoch).count()));
      exchange.begin();
      slot->set_deadline(sent + plan.options.timeout);
      part = co_await exchange_once(worker, *slot, stream, exchange);
      if (part == Part::right) worker.answered(index, sent, io::Clock::now(), exchange.message().length());
    }
    if (part == Part::right && plan.options.close_by == CloseBy::fin) {
      slot->set_deadline(io::Clock::now() + plan.options.timeout);
      part = co_await close_in_order(worker, *slot, stream, exchange.message());
    }
    if (open) worker.disconnected();
    if (part == Part::right && plan.options.close_by == CloseBy::fin) {
      stream.close();
    } else {
      stream.reset();
    }
    slot->clear_deadline();
    const io::Clock::time_point now = io::Clock::now();
    if (part == Part::cut) {
      worker.left_unfinished(began, now);
      break;
    }
    if (part == Part::right) {
      worker.cycled(began, now);
      unlucky = 0;
    } else {
      co_await pause_after_failure(worker, *slot, ++unlucky);
      slot->clear_deadline();
    }
  }
  worker.finished();
}

}  // namespace weir::load
