#include "client/workload/echo.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "client/connection.hpp"
#include "client/request_pipeline.hpp"
#include "client/worker_context.hpp"

namespace weir::load {

namespace {

using Moment = io::Clock::time_point;

/// One connection of the echo workload. What is sent when follows from the plan of an open loop, or, in a closed one,
/// from the replies.
class EchoConnection {
 public:
  EchoConnection(WorkerContext& worker, std::uint32_t index)
      : worker_(worker),
        options_(worker.plan().options),
        index_(index),
        slot_(worker.loop().acquire(WorkerContext::kSlotKind)),
        requests_(options_.message, worker.plan().thread, worker.plan().first_connection + index, worker.plan().epoch),
        most_in_flight_(options_.most_in_flight()) {}

  /// Its life.
  net::awaitable<void> run();

 private:
  Moment next_due() const { return plan_ ? plan_->due() : ready_; }
  bool used_up() const { return options_.reconnect_every != 0 && served_ >= options_.reconnect_every; }
  /// Whether the connection takes another request now.
  bool takes_more() const {
    return requests_.all_sent() && requests_.in_flight() < most_in_flight_ && !requests_.inquiring() && !used_up();
  }
  bool pushes_at_once() const { return more_ && !now_is_old_ && takes_more() && next_due() <= now_; }
  void push_due();
  RequestPipeline::Status move_bytes();
  Moment deadline();
  /// Asks to be woken when time has come for something.
  void prepare_wait();
  /// What the failure came to, for all requests in flight; then another connection, if one can be had.
  net::awaitable<void> replace_failed();
  net::awaitable<void> renew();
  /// A connection could not be had: one request less is left to make. False when there was none.
  bool gives_one_up();
  void begin_on_new_connection();
  void leave_unfinished();

  WorkerContext& worker_;
  const LoadOptions& options_;
  const std::uint32_t index_;
  const io::SlotPtr slot_;
  Transport transport_;
  RequestPipeline requests_;
  const std::uint64_t most_in_flight_;
  std::optional<Arrivals> plan_;  ///< open loop
  PacedWait paced_;
  Moment now_{};  ///< as of the last look at the clock
  bool now_is_old_ = false;
  Moment ready_{};  ///< closed loop: when the next request may be sent
  Moment able_{};   ///< since when the connection takes requests
  bool was_able_ = false;
  Moment inquiry_ends_{};
  bool more_ = true;          ///< the plan has more for this connection
  std::uint64_t served_ = 0;  ///< requests on the present connection
  unsigned unlucky_ = 0;      ///< failures in a row without a reply
  const std::function<bool()> goes_on_ = [this] { return gives_one_up(); };
};

net::awaitable<void> EchoConnection::run() {
  const Failure failure = co_await open_connection(worker_, *slot_, transport_, index_);
  if (failure != Failure::none) worker_.failed(failure);
  worker_.settled(transport_.valid());
  while (transport_.valid() && !worker_.started()) co_await slot_->wait();

  if (transport_.valid()) {
    if (options_.is_open_loop()) plan_ = worker_.next_arrivals();
    begin_on_new_connection();
    able_ = std::min(able_, worker_.began());  // it stood before the load began
    ready_ = std::max(ready_, worker_.began());
  }
  while (transport_.valid()) {
    push_due();
    if (requests_.in_flight() == 0 && !more_) break;
    const RequestPipeline::Status status = move_bytes();
    if (status == RequestPipeline::Status::failed) {
      co_await replace_failed();
    } else if (worker_.abandoned()) {
      leave_unfinished();
      break;
    } else if (requests_.in_flight() == 0 && used_up()) {
      co_await renew();
    } else if ((requests_.in_flight() != 0 || more_) &&
               (status == RequestPipeline::Status::working || !pushes_at_once())) {
      prepare_wait();
      co_await slot_->wait(status == RequestPipeline::Status::working);
    }
  }
  const bool able = transport_.valid() && takes_more();
  if (transport_.valid()) worker_.disconnected();
  transport_.close();
  // What the plan still had for it could not be sent.
  for (now_ = io::Clock::now(); plan_ && more_ && worker_.admits(plan_->due()); plan_->next()) {
    worker_.left_unsent(index_, plan_->due(), able, now_);
  }
  worker_.finished();
}

void EchoConnection::begin_on_new_connection() {
  served_ = 0;
  now_ = io::Clock::now();
  now_is_old_ = false;
  was_able_ = true;
  inquiry_ends_ = {};
  ready_ = able_ = now_;
  slot_->clear_deadline();
}

/// Requests that are due, as far as the connection takes them. Those that are due together leave together.
void EchoConnection::push_due() {
  if (!worker_.running() && worker_.is_beyond(next_due())) more_ = false;
  if (!more_ || !takes_more()) {
    was_able_ = false;
    return;
  }
  if (now_is_old_) {
    now_ = io::Clock::now();
    now_is_old_ = false;
  }
  if (!was_able_) able_ = now_;
  was_able_ = true;
  while (next_due() <= now_ && requests_.in_flight() < most_in_flight_ && !used_up()) {
    const Moment due = plan_ ? plan_->due() : now_;
    more_ = worker_.admits(due);
    if (!more_) return;
    requests_.push(due, now_);
    worker_.sent(due, able_, now_);
    ++served_;
    if (plan_) plan_->next();
  }
  was_able_ = takes_more();
}

RequestPipeline::Status EchoConnection::move_bytes() {
  bool answered = false;
  const auto on_reply = [&](const RequestPipeline::Request& request, std::uint64_t length) {
    // One look at the clock for all that came together; in a closed loop it is the next request's as well.
    if (!answered) now_ = io::Clock::now();
    answered = true;
    now_is_old_ = false;
    worker_.answered(index_, request.due, request.sent, now_, length);
  };
  const RequestPipeline::Status status =
      transport_.with([&](auto& stream) { return requests_.advance(stream, worker_.loop().scratch(), on_reply); });
  if (answered) {
    unlucky_ = 0;
    ready_ = now_ + options_.think;
  }
  // It takes requests again from now on, and not from when the next one is due.
  if (plan_ && !was_able_ && takes_more()) {
    if (!answered) now_ = io::Clock::now();
    able_ = now_;
    was_able_ = true;
  }
  if (status == RequestPipeline::Status::failed || !slot_->timer_fired() || requests_.in_flight() == 0) return status;
  if (io::Clock::now() < deadline()) return status;
  requests_.give_up(Failure::reply_timeout);
  return RequestPipeline::Status::failed;
}

Moment EchoConnection::deadline() {
  if (!requests_.inquiring()) {
    inquiry_ends_ = {};
    return requests_.oldest().sent + options_.timeout;
  }
  if (inquiry_ends_ == Moment{}) inquiry_ends_ = io::Clock::now() + RequestPipeline::kInquiry;
  return std::min(inquiry_ends_, requests_.oldest().sent + options_.timeout);
}

void EchoConnection::prepare_wait() {
  if (requests_.in_flight() != 0) slot_->set_deadline(deadline());
  if (more_ && takes_more()) paced_.until(worker_.pacer(), *slot_, next_due(), now_);
  now_is_old_ = true;
}

net::awaitable<void> EchoConnection::replace_failed() {
  if (is_wrong_reply(requests_.failure())) {
    worker_.wrong(requests_.wrong());
  } else {
    worker_.failed(requests_.failure(), requests_.detail());
  }
  if (requests_.failure() == Failure::reply_timeout) {
    const Moment now = io::Clock::now();
    for (const RequestPipeline::Request& request : requests_.outstanding()) {
      worker_.timed_out(index_, request.due, request.sent, now);
    }
  }
  if (requests_.in_flight() > 1) worker_.failed(Failure::dropped, {}, requests_.in_flight() - 1);
  worker_.disconnected();
  transport_.reset();
  requests_.restart();
  co_await reopen_connection(worker_, *slot_, transport_, index_, unlucky_++, goes_on_);
  begin_on_new_connection();
}

net::awaitable<void> EchoConnection::renew() {
  worker_.disconnected();
  transport_.close();
  worker_.count(Count::renewed);
  requests_.restart();
  const Failure failure = co_await open_connection(worker_, *slot_, transport_, index_);
  if (failure != Failure::none) {
    worker_.failed(failure);
    co_await reopen_connection(worker_, *slot_, transport_, index_, ++unlucky_, goes_on_);
  }
  begin_on_new_connection();
}

bool EchoConnection::gives_one_up() {
  if (!plan_) return worker_.spend();
  // Of a plan, one that is due by now; without a number of requests to end with, all of them wait for a connection.
  const Moment now = io::Clock::now();
  if (!options_.requests || plan_->due() > now) return true;
  more_ = worker_.admits(plan_->due());
  if (more_) {
    worker_.left_unsent(index_, plan_->due(), false, now);
    plan_->next();
  }
  return more_;
}

void EchoConnection::leave_unfinished() {
  std::span<const RequestPipeline::Request> left = requests_.outstanding();
  if (requests_.inquiring()) {
    requests_.give_up(Failure::none);
    worker_.wrong(requests_.wrong());
    left = left.subspan(1);
  }
  now_ = io::Clock::now();
  for (const RequestPipeline::Request& request : left) worker_.left_unfinished(index_, request.due, request.sent, now_);
}

}  // namespace

net::awaitable<void> echo_connection(WorkerContext& worker, std::uint32_t index) {
  EchoConnection connection(worker, index);
  co_await connection.run();
}

}  // namespace weir::load
