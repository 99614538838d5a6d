#include "client/stream/serve_session.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "client/stream/turn.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

using Status = io::IoResult::Status;

}  // namespace

ServeSession::ServeSession(ServeContext& context, io::Descriptor socket, const Endpoint& peer)
    : context_(context),
      peer_(peer.to_string()),
      slot_(context.loop.acquire(ServeContext::kSlotKind)),
      stream_(*slot_, io::Side::first, std::move(socket), peer.is_inet()) {}

net::awaitable<void> ServeSession::run() {
  if (!stream_.valid()) end("out of memory for it");
  if (!over_) set_deadline(began_ + context_.timeout);
  while (!over_) {
    bool more = receive();
    if (!over_) more = send() || more;
    if (!over_ && context_.stopping) end("stopped");
    if (!over_ && slot_->timer_fired()) look_at_clock();
    if (over_) break;
    if (pattern_ && !result_queued_ && pace_.limited() && stream_.writable()) {
      paced_.until(context_.pacer, *slot_, pace_.due(), io::Clock::now());
    }
    co_await slot_->wait(more);
  }
  print_line();
  if (how_.empty()) {
    stream_.close();
  } else {
    stream_.reset();
  }
}

bool ServeSession::receive() {
  for (std::size_t reads = 0; reads < kReads && !over_; ++reads) {
    if (client_ended_ || !stream_.readable()) return false;
    const std::span<std::byte> scratch = context_.loop.scratch();
    const io::IoResult result = stream_.read(scratch);
    if (result.status == Status::would_block) return false;
    if (result.status == Status::failed) {
      end(std::string("ended by an error: ") + std::strerror(result.error));
    } else if (result.status == Status::end) {
      client_ended_ = true;
      if (!preamble_) {
        end("closed before its first line");
      } else {
        if (judging_) judge();
        stop_sending();
      }
    } else {
      take(std::as_const(scratch).first(result.bytes));
    }
  }
  return !over_;
}

void ServeSession::take(std::span<const std::byte> bytes) {
  if (!preamble_) return take_first_line(bytes);
  if (wrong_) return;  // how it goes on is of no interest
  if (!goes_up(preamble_->direction)) {
    WrongReply wrong;
    wrong.kind = Failure::foreign;
    wrong.text = wrong_sentence(wrong.kind, bytes.size(), 0, preamble_->stream);
    wrong_amount_ = bytes.size();
    wrong_ = wrong;
    return stop_sending();
  }
  checker_->take(bytes);
  if (!checker_->differs()) return;
  if (checker_->kept().size() >= PatternChecker::kEvidence) return judge();
  if (judging_) return;
  judging_ = true;
  set_deadline(io::Clock::now() + kInquiry);
}

void ServeSession::take_first_line(std::span<const std::byte> bytes) {
  const auto newline = std::find(bytes.begin(), bytes.end(), std::byte{'\n'});
  const auto length = static_cast<std::size_t>(newline - bytes.begin());
  line_.append(reinterpret_cast<const char*>(bytes.data()), std::min(length, StreamPreamble::kLongest - line_.size()));
  if (line_.size() >= StreamPreamble::kLongest)
    return end("no stream: its first line is too long, " + in_quotes(line_));
  if (newline == bytes.end()) return;
  const std::optional<StreamPreamble> preamble = StreamPreamble::parse_client(line_);
  if (!preamble) return end("no stream: its first line is " + in_quotes(line_));
  begin(*preamble);
  if (const auto rest = bytes.subspan(length + 1); !rest.empty()) take(rest);
}

void ServeSession::begin(const StreamPreamble& preamble) {
  preamble_ = preamble;
  deadline_ = Moment::max();
  out_ = preamble.server_line();
  checker_.emplace(stream_start(preamble.run, preamble.stream, true));
  if (!goes_down(preamble.direction)) return;
  pattern_.emplace(stream_start(preamble.run, preamble.stream, false));
  pace_ = Pace(preamble.pace);
  pace_.begin(io::Clock::now());
}

void ServeSession::judge() {
  judging_ = false;
  wrong_ = checker_->explain(preamble_->stream, wrong_amount_);
  stop_sending();
}

/// The client has ended, or one of its bytes was wrong: the result is due.
void ServeSession::stop_sending() {
  if (wrong_) context_.wrong = true;
  if (!result_queued_) {
    result_queued_ = true;
    out_ += make_result().line();
  }
  set_deadline(io::Clock::now() + context_.timeout);
}

StreamResult ServeSession::make_result() const {
  StreamResult result;
  result.received = checker_->right();
  result.sent = sent_;
  if (wrong_) {
    result.wrong = wrong_->kind;
    result.amount = wrong_amount_;
    result.expected = wrong_->expected;
    result.got = wrong_->received;
  }
  if (const std::optional<TcpFacts> facts = read_tcp_facts(stream_.fd())) {
    result.tcp = *facts;
    const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(io::Clock::now() - began_).count();
    if (pattern_) result.limits = SendLimits::of(*facts, static_cast<std::uint64_t>(elapsed));
  }
  return result;
}

bool ServeSession::send() {
  while (!out_.empty()) {
    if (!stream_.writable()) return false;
    const io::IoResult result = stream_.write(std::as_bytes(std::span(out_)));
    if (result.status == Status::failed) end(std::string("ended by an error: ") + std::strerror(result.error));
    if (result.status != Status::moved) return false;
    out_.erase(0, result.bytes);
  }
  if (result_queued_) {
    if (!fin_sent_) stream_.shutdown_write();
    fin_sent_ = true;
    over_ = client_ended_;
    return false;
  }
  if (!pattern_) return false;
  for (std::size_t writes = 0; writes < kWrites; ++writes) {
    if (!stream_.writable()) return false;
    const std::uint64_t allowed = pace_.limited() ? pace_.allowance(io::Clock::now()) : kWriteSize;
    if (allowed == 0) return false;
    const io::IoResult result = stream_.write(pattern_->slice(sent_, std::min<std::uint64_t>(allowed, kWriteSize)));
    if (result.status == Status::failed) end(std::string("ended by an error: ") + std::strerror(result.error));
    if (result.status != Status::moved) return false;
    sent_ += result.bytes;
    pace_.sent(result.bytes);
  }
  return true;
}

void ServeSession::look_at_clock() {
  if (io::Clock::now() < deadline_) return;
  deadline_ = Moment::max();
  if (!preamble_) {
    end("no stream: no first line within " + format_duration(context_.timeout));
  } else if (judging_) {
    judge();
  } else if (!client_ended_) {
    end("had a wrong byte, and did not end within " + format_duration(context_.timeout));
  } else if (stream_.unacknowledged() < unsent_at_deadline_) {
    set_deadline(io::Clock::now() + context_.timeout);
  } else {
    end("takes nothing");
  }
}

void ServeSession::set_deadline(Moment due) {
  deadline_ = due;
  unsent_at_deadline_ = stream_.unacknowledged();
  slot_->set_deadline(due);
}

void ServeSession::end(std::string how) {
  how_ = std::move(how);
  over_ = true;
}

void ServeSession::print_line() const {
  std::string text = peer_ + "  ";
  if (preamble_) {
    char head[64];
    std::snprintf(head, sizeof head, "run %06x stream %u %s  ", preamble_->run, preamble_->stream,
                  std::string(direction_name(preamble_->direction)).c_str());
    text += head;
    text += "received " + std::to_string(checker_->right()) + " B " + (wrong_ ? "right, then WRONG" : "right") +
            ", sent " + std::to_string(sent_) + " B";
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, ", %.2f s",
                  std::chrono::duration<double>(io::Clock::now() - began_).count());
    text += seconds;
    if (wrong_) text += ": " + wrong_->text;
    if (!how_.empty()) text += "; " + how_;
  } else {
    text += how_;
  }
  text += "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace weir::load
