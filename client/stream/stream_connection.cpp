#include "client/stream/stream_connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "client/stream/turn.hpp"
#include "client/tls/stream_failure.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// How many timeouts after our FIN a far end may take, however much it still sends.
constexpr int kMostTimeouts = 12;

using Status = io::IoResult::Status;

StreamPreamble preamble_of(const StreamPlan& plan, std::uint32_t number) {
  return {plan.options.direction, plan.options.pace, plan.run, number};
}

}  // namespace

StreamConnection::StreamConnection(StreamContext& context, std::uint32_t index)
    : context_(context),
      index_(index),
      preamble_(preamble_of(context.plan(), context.number(index))),
      first_line_(preamble_.client_line()),
      pattern_(stream_start(preamble_.run, preamble_.stream, true)),
      slot_(context.loop().acquire(StreamContext::kSlotKind)),
      answer_(preamble_),
      outcome_(context.outcome(index)),
      pace_(preamble_.pace) {}

net::awaitable<Failure> StreamConnection::open() {
  const std::function<bool()> running = [this] { return is_wanted(); };
  const StreamPlan& plan = context_.plan();
  const Failure failure = co_await dial(plan.dial, *slot_, transport_.socket(), preamble_.stream, running);
  TlsClient* const tls = context_.tls();
  if (tls == nullptr || !transport_.valid()) co_return failure;
  const TlsHandshake handshake = co_await tls->shake_hands(transport_, *slot_, index_, plan.options.timeout, running);
  if (!handshake.detail.empty()) outcome_.detail = fmt::format("stream {}: {}", preamble_.stream, handshake.detail);
  co_return handshake.failure;
}

net::awaitable<void> StreamConnection::run() {
  Failure failure = Failure::none;
  if (is_wanted()) failure = co_await open();
  if (transport_.valid()) {
    context_.set_open(index_, this);
    outcome_.reached = true;
    context_.reached();
    if (!goes(Direction::up)) set_deadline(io::Clock::now() + context_.plan().options.timeout);
  } else {
    outcome_.failure = failure;
    over_ = true;
  }
  while (!over_) {
    bool more = transport_.with([this](auto& stream) { return receive(stream); });
    if (!over_) more = transport_.with([this](auto& stream) { return send(stream); }) || more;
    if (!over_ && context_.phase() == StreamContext::Phase::abandoned) {
      fail(Failure::close_timeout, "was given up before the far end had ended it");
    }
    if (!over_ && slot_->timer_fired()) look_at_clock();
    if (over_) break;
    if (sending_ && !fin_sent_ && pace_.limited() && transport_.writable()) {
      paced_.until(context_.pacer(), *slot_, pace_.due(), io::Clock::now());
    }
    co_await slot_->wait(more);
  }
  settle();
  if (transport_.valid()) {
    outcome_.sent = sent_;
    outcome_.received = answer_.received();
    outcome_.far_end = answer_.far_end();
    outcome_.result = answer_.result();
    outcome_.progress = progress();
    context_.set_open(index_, nullptr);
    if (outcome_.close) {
      transport_.close();
    } else {
      transport_.reset();
    }
  }
  context_.finished(outcome_);
}

StreamProgress StreamConnection::progress() const {
  std::uint64_t unacknowledged = transport_.unacknowledged();
  // A FIN counts as a byte (tcp(7): it takes a sequence number).
  if (fin_sent_ && unacknowledged > 0) --unacknowledged;
  const std::uint64_t written = lead_ + sent_;
  const std::uint64_t arrived = written - std::min(written, unacknowledged);
  StreamProgress progress;
  progress.up = arrived - std::min<std::uint64_t>(arrived, first_line_.size());
  progress.down = answer_.received();
  progress.tcp = read_tcp_facts(transport_.socket().fd());
  return progress;
}

template <typename Stream>
void StreamConnection::fail_as(Stream& stream, int error) {
  const Failure failure = failure_of(stream, error);
  const std::string detail = is_of_tls(failure) ? failure_detail(stream, error) : std::string();
  if (failure == Failure::tls_truncated) return fail(failure, "was ended without close_notify");
  fail(failure, detail.empty() ? "failed" : fmt::format("failed: {}", detail));
}

template <typename Stream>
bool StreamConnection::receive(Stream& stream) {
  for (std::size_t reads = 0; reads < kReads && !over_; ++reads) {
    if (!stream.readable()) return false;
    const std::span<std::byte> scratch = context_.loop().scratch();
    const io::IoResult result = stream.read(scratch);
    if (result.status == Status::failed) {
      fail_as(stream, result.error);
    } else if (result.status == Status::end) {
      end_received();
    } else if (result.status == Status::moved) {
      take(scratch.first(result.bytes));
    }
  }
  return !over_;
}

void StreamConnection::take(std::span<const std::byte> bytes) {
  read_ += bytes.size();
  if (answer_.result()) {
    call_wrong(Failure::foreign, bytes.size(), answer_.received(), false);
    return;
  }
  answer_.take(bytes);
  if (answer_.differs()) {
    if (answer_.settled()) {
      judge();
    } else if (!judging_) {
      judging_ = true;
      set_deadline(io::Clock::now() + kInquiry);
    }
  }
  if (over_ || answer_.far_end() == FarEnd::silent) return;
  if (answer_.far_end() == FarEnd::echo && goes(Direction::down)) {
    fail(Failure::unsuitable, "the target is an echo and sends nothing of its own; try --direction both");
  } else if (answer_.far_end() == FarEnd::echo && answer_.received() > sent_) {
    call_wrong(Failure::foreign, answer_.received() - sent_, sent_, false);
  } else if (!settled_) {
    settle();
  }
}

/// What differs is the far end's last line, or wrong.
void StreamConnection::judge() {
  judging_ = false;
  answer_.conclude();
  if (answer_.wrong()) {
    outcome_.wrong = answer_.wrong();
    over_ = true;
  } else if (answer_.result() && answer_.result()->wrong != Failure::none) {
    const StreamResult& result = *answer_.result();
    call_wrong(result.wrong, result.amount, result.received, true);
    outcome_.wrong->expected = result.expected;
    outcome_.wrong->received = result.got;
  } else if (fin_sent_) {
    set_deadline(io::Clock::now() + context_.plan().options.timeout);
  }
}

void StreamConnection::end_received() {
  if (answer_.differs() && !answer_.result()) judge();
  if (over_) return;
  if (!fin_sent_) {
    fail(Failure::closed_early, "was ended by the far end before we ended it");
    return;
  }
  const std::uint64_t received = answer_.received();
  switch (answer_.far_end()) {
    case FarEnd::echo:
      if (received < sent_) {
        call_wrong(Failure::cut_short, sent_ - received, received, false);
      }
      break;
    case FarEnd::serve:
      if (!answer_.result()) {
        fail(Failure::closed_early, "was ended by the far end without a result");
      } else if (const std::uint64_t got = answer_.result()->received; got != sent_) {
        if (got < sent_) call_wrong(Failure::cut_short, sent_ - got, got, true);
        if (got > sent_) call_wrong(Failure::foreign, got - sent_, sent_, true);
      }
      break;
    case FarEnd::silent:
      if (!goes(Direction::up)) {
        fail(Failure::closed_early, "was ended without an answer; a discard takes --direction up");
      } else if (const std::uint64_t arrived = progress().up; arrived < sent_) {
        fail(Failure::closed_early, "was ended with " + std::to_string(sent_ - arrived) + " bytes unacknowledged");
      }
      break;
  }
  if (over_) return;
  outcome_.close = io::Clock::now() - fin_at_;
  over_ = true;
}

template <typename Stream>
bool StreamConnection::send_first(Stream& stream) {
  if (const int error = stream.flush(); error != 0) fail_as(stream, error);
  while (!over_ && lead_ < first_line_.size()) {
    const io::IoResult result = stream.write(std::as_bytes(std::span(first_line_)).subspan(lead_));
    if (result.status == Status::failed) fail_as(stream, result.error);
    if (result.status != Status::moved) return false;
    lead_ += result.bytes;
  }
  return !over_;
}

template <typename Stream>
bool StreamConnection::send(Stream& stream) {
  if (!send_first(stream)) return false;
  if (goes(Direction::up)) settle();
  if (context_.phase() >= StreamContext::Phase::closing) {
    if (!fin_sent_) begin_end();
    if (!fin_out_) fin_out_ = stream.finish(io::Closes::later);
    return false;
  }
  const bool open = context_.phase() == StreamContext::Phase::sending && !goes(Direction::down) && !judging_;
  if (!open || answer_.result()) return false;
  if (!sending_) {
    sending_ = true;
    sending_since_ = io::Clock::now();
    pace_.begin(sending_since_);
  }
  for (std::size_t writes = 0; writes < kWrites; ++writes) {
    if (!stream.writable()) return false;
    const std::uint64_t allowed = pace_.limited() ? pace_.allowance(io::Clock::now()) : kWriteSize;
    if (allowed == 0) return false;
    const io::IoResult result = stream.write(pattern_.slice(sent_, std::min<std::uint64_t>(allowed, kWriteSize)));
    if (result.status == Status::failed) fail_as(stream, result.error);
    if (result.status != Status::moved) return false;
    sent_ += result.bytes;
    pace_.sent(result.bytes);
  }
  return true;
}

void StreamConnection::begin_end() {
  fin_at_ = io::Clock::now();
  if (sending_) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(fin_at_ - sending_since_).count();
    if (const std::optional<TcpFacts> facts = read_tcp_facts(transport_.socket().fd())) {
      outcome_.limits = SendLimits::of(*facts, static_cast<std::uint64_t>(elapsed));
    }
  }
  fin_sent_ = true;
  if (!judging_) set_deadline(fin_at_ + context_.plan().options.timeout);
}

void StreamConnection::look_at_clock() {
  if (io::Clock::now() < deadline_) return;
  deadline_ = Moment::max();
  if (judging_) {
    judge();
  } else if (fin_sent_) {
    // It may take long, as long as it gets on: but not forever, for a far end may never hear of our end and send on.
    if (moved() != moved_at_deadline_ && io::Clock::now() < fin_at_ + kMostTimeouts * context_.plan().options.timeout) {
      set_deadline(io::Clock::now() + context_.plan().options.timeout);
    } else {
      fail(Failure::close_timeout, "had no FIN within " + format_duration(context_.plan().options.timeout) + ", or " +
                                       std::to_string(kMostTimeouts) + " times that while bytes moved");
    }
  } else if (!settled_) {
    fail(Failure::reply_timeout, "had no answer within " + format_duration(context_.plan().options.timeout) +
                                     "; a discard takes --direction up");
  }
}

void StreamConnection::set_deadline(Moment due) {
  deadline_ = due;
  moved_at_deadline_ = moved();
  slot_->set_deadline(due);
}

void StreamConnection::settle() {
  if (settled_) return;
  settled_ = true;
  context_.settled();
}

void StreamConnection::fail(Failure failure, const std::string& what) {
  outcome_.failure = failure;
  outcome_.detail = "stream " + std::to_string(preamble_.stream) + " " + what;
  over_ = true;
}

void StreamConnection::call_wrong(Failure kind, std::uint64_t amount, std::uint64_t offset, bool up) {
  WrongReply wrong;
  wrong.kind = kind;
  wrong.connection = preamble_.stream;
  wrong.offset = offset;
  wrong.text = wrong_sentence(kind, amount, offset, preamble_.stream);
  wrong.excerpt_at = offset < WrongReply::kBefore ? 0 : offset - WrongReply::kBefore;
  outcome_.wrong = wrong;
  outcome_.wrong_way_up = up;
  over_ = true;
}

net::awaitable<void> run_stream(StreamContext& context, std::uint32_t index) {
  StreamConnection connection(context, index);
  co_await connection.run();
}

}  // namespace weir::load
