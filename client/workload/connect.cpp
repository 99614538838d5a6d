#include "client/workload/connect.hpp"

#include <optional>

#include "client/connection.hpp"
#include "client/message/forensics.hpp"
#include "client/request_pipeline.hpp"
#include "client/tls/stream_failure.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

namespace {

using Moment = io::Clock::time_point;

/// What a part of a cycle came to: right, failed (and counted), or cut by the run's end.
enum class Part : std::uint8_t { right, failed, cut };

/// Counts what an exchange failed with.
void count_failure(WorkerContext& worker, const RequestPipeline& requests) {
  if (is_wrong_reply(requests.failure())) {
    worker.wrong(requests.wrong());
  } else {
    worker.failed(requests.failure(), requests.detail());
  }
}

/// Sends the request that was pushed and takes its reply. `first_byte` and `last_byte` are when they came.
net::awaitable<Part> exchange_once(WorkerContext& worker, io::Slot& slot, Transport& transport,
                                   RequestPipeline& requests, Moment& first_byte, Moment& last_byte) {
  const auto take = [&](const RequestPipeline::Request&, std::uint64_t) { last_byte = io::Clock::now(); };
  Moment deadline = requests.oldest().sent + worker.plan().options.timeout;
  slot.set_deadline(deadline);
  bool inquiring = false;
  for (;;) {
    const RequestPipeline::Status status =
        transport.with([&](auto& stream) { return requests.advance(stream, worker.loop().scratch(), take); });
    if (first_byte == Moment{} && requests.received() != 0) first_byte = io::Clock::now();
    if (status != RequestPipeline::Status::failed && requests.in_flight() == 0) break;
    if (requests.inquiring() && !inquiring) {
      inquiring = true;
      deadline = std::min(deadline, io::Clock::now() + RequestPipeline::kInquiry);
      slot.set_deadline(deadline);
    }
    if (status != RequestPipeline::Status::failed) {
      co_await slot.wait(status == RequestPipeline::Status::working);
      if (worker.abandoned() && !requests.inquiring()) co_return Part::cut;
      if (!slot.timer_fired() && !worker.abandoned()) continue;
      requests.give_up(Failure::reply_timeout);
    }
    count_failure(worker, requests);
    co_return Part::failed;
  }
  if (first_byte == Moment{}) first_byte = last_byte;
  co_return Part::right;
}

/// Takes what comes after our end, of which nothing was asked for, up to the peer's end: right, failed (and counted),
/// or nothing yet.
template <typename Stream>
std::optional<Part> take_end(WorkerContext& worker, Stream& stream, RequestPipeline& requests) {
  while (stream.readable()) {
    if (worker.plan().options.exchange) {
      const auto none = [](const RequestPipeline::Request&, std::uint64_t) {};
      if (requests.advance(stream, worker.loop().scratch(), none) != RequestPipeline::Status::failed) continue;
      if (requests.failure() == Failure::closed_early) return Part::right;
      count_failure(worker, requests);
      return Part::failed;
    }
    const io::IoResult result = stream.read(worker.loop().scratch());
    if (result.status == io::IoResult::Status::end) return Part::right;
    if (result.status == io::IoResult::Status::failed) {
      worker.failed(failure_of(stream, result.error), failure_detail(stream, result.error));
      return Part::failed;
    }
  }
  return std::nullopt;
}

/// Sends a FIN, and close_notify before it where the connection has TLS, and waits for the peer's, so that a cycle is
/// over when both sides know it.
net::awaitable<Part> close_in_order(WorkerContext& worker, io::Slot& slot, Transport& transport,
                                    RequestPipeline& requests) {
  slot.set_deadline(io::Clock::now() + worker.plan().options.timeout);
  bool ended = false;
  for (;;) {
    if (!ended) ended = transport.with([](auto& stream) { return stream.finish(io::Closes::later); });
    const std::optional<Part> part = transport.with([&](auto& stream) { return take_end(worker, stream, requests); });
    if (part) co_return *part;
    co_await slot.wait();
    if (worker.abandoned()) co_return Part::cut;
    if (slot.timer_fired()) {
      worker.failed(Failure::close_timeout);
      co_return Part::failed;
    }
  }
}

/// Waits until a connection is due. False when the run ended before.
net::awaitable<bool> wait_until_due(WorkerContext& worker, io::Slot& slot, PacedWait& paced, Moment due) {
  for (Moment now = io::Clock::now(); now < due; now = io::Clock::now()) {
    if (!worker.running() && worker.is_beyond(due)) co_return false;
    paced.until(worker.pacer(), slot, due, now);
    co_await slot.wait();
  }
  co_return worker.running();
}

}  // namespace

net::awaitable<void> churn(WorkerContext& worker, std::uint32_t index) {
  const io::SlotPtr slot = worker.loop().acquire(WorkerContext::kSlotKind);
  const WorkerPlan& plan = worker.plan();
  const LoadOptions& options = plan.options;
  const bool open_loop = options.is_open_loop();
  Transport transport;
  RequestPipeline requests(options.message, plan.thread, plan.first_connection + index, plan.epoch);
  PacedWait paced;
  worker.settled(true);
  while (!worker.started()) co_await slot->wait();

  co_await wait_until_due(worker, *slot, paced, worker.began());
  unsigned unlucky = 0;
  Moment free = open_loop ? worker.began() : std::max(io::Clock::now(), worker.began());
  for (std::uint64_t number = 0;; ++number) {
    const Moment due = open_loop ? worker.take_arrival() : free;
    if (!worker.admits(due)) break;
    if (open_loop && !co_await wait_until_due(worker, *slot, paced, due)) {
      // All that are at a time were busy, or it became due with the end.
      if (!worker.is_beyond(due)) worker.left_unsent(index, due, false, io::Clock::now());
      continue;
    }
    const Moment began = open_loop ? io::Clock::now() : due;
    worker.sent(due, free, began);
    // Spread over the source addresses by cycle as well: a churning slot uses up the ports of one address.
    const auto source = static_cast<std::uint32_t>(index + number * plan.connections);
    const Failure failure = co_await open_connection(worker, *slot, transport, source, Patience::drain);
    Part part = transport.valid() ? Part::right : failure == Failure::none ? Part::cut : Part::failed;
    if (part == Part::failed) worker.failed(failure);
    bool timed_out = failure == Failure::connect_timeout || failure == Failure::tls_timeout;
    const bool open = part == Part::right;
    if (open && options.exchange) {
      const Moment sent = io::Clock::now();
      Moment first_byte{};
      Moment last_byte{};
      requests.push(sent, sent);
      part = co_await exchange_once(worker, *slot, transport, requests, first_byte, last_byte);
      if (part == Part::right) {
        worker.record(Time::first_byte, sent, first_byte);
        worker.answered(index, sent, sent, last_byte, requests.last_length());
      }
      timed_out = part == Part::failed && requests.failure() == Failure::reply_timeout;
    }
    if (part == Part::right && options.close_by == CloseBy::fin) {
      const Moment closing = io::Clock::now();
      part = co_await close_in_order(worker, *slot, transport, requests);
      if (part == Part::right) worker.record(Time::close, closing, io::Clock::now());
    }
    requests.restart();
    if (open) worker.disconnected();
    if (part == Part::right && options.close_by == CloseBy::fin) {
      transport.close();
    } else {
      transport.reset();
    }
    slot->clear_deadline();
    const Moment now = io::Clock::now();
    if (timed_out) worker.timed_out(index, due, began, now);
    if (part == Part::cut) {
      worker.left_unfinished(index, due, began, now);
    } else if (part == Part::right) {
      worker.cycled(due, now);
      unlucky = 0;
    } else if (!open_loop) {
      // A plan goes on whatever happens; without one, failures would come as fast as they can be had.
      co_await pause_after_failure(worker, *slot, ++unlucky);
      slot->clear_deadline();
    }
    free = io::Clock::now();
    // A cycle may never have waited: a connect that fails at once, or one to a unix socket.
    co_await slot->yield();
  }
  worker.finished();
}

namespace {

/// One connection that comes while others work: connect, one request, its reply, and a reset.
net::awaitable<void> newcomer(WorkerContext& worker, std::uint32_t number, Moment due) {
  const io::SlotPtr slot = worker.loop().acquire(WorkerContext::kSlotKind);
  const WorkerPlan& plan = worker.plan();
  Transport transport;
  const Failure failure =
      co_await open_connection(worker, *slot, transport, number - plan.first_connection, Patience::drain);
  if (failure != Failure::none) worker.failed(failure);
  if (failure == Failure::none && !transport.valid()) worker.record(Time::newcomer, due, io::Clock::now());
  if (transport.valid()) {
    RequestPipeline requests(plan.options.message, plan.thread, number, plan.epoch);
    const Moment sent = io::Clock::now();
    Moment first_byte{};
    Moment last_byte{};
    requests.push(sent, sent);
    const Part part = co_await exchange_once(worker, *slot, transport, requests, first_byte, last_byte);
    if (part == Part::right) worker.newcomer_answered(due, last_byte);
    if (part == Part::cut) worker.record(Time::newcomer, due, io::Clock::now());
    worker.disconnected();
  }
  transport.reset();
  worker.newcomer_finished();
}

/// Whether another newcomer would come beside anybody.
bool comes(const WorkerContext& worker) { return worker.running() && !worker.only_newcomers_left(); }

}  // namespace

net::awaitable<void> newcomers(WorkerContext& worker, Spawn spawn) {
  const io::SlotPtr slot = worker.loop().acquire(WorkerContext::kSlotKind);
  const WorkerPlan& plan = worker.plan();
  PacedWait paced;
  while (!worker.started()) co_await slot->wait();
  // Their numbers are none of the other connections', nor those of another thread's newcomers.
  std::uint32_t number = plan.all_connections + plan.thread;
  if (worker.running()) {
    for (Arrivals arrivals = worker.newcomer_arrivals(); !worker.is_beyond(arrivals.due()); arrivals.next()) {
      for (Moment now = io::Clock::now(); now < arrivals.due() && comes(worker); now = io::Clock::now()) {
        paced.until(worker.pacer(), *slot, arrivals.due(), now);
        co_await slot->wait();
      }
      if (!comes(worker)) break;
      worker.newcomer_starting();
      spawn(newcomer(worker, number, arrivals.due()));
      number += plan.threads;
      co_await slot->yield();
    }
  }
  worker.newcomer_finished();
}

}  // namespace weir::load
