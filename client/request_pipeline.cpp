#include "client/request_pipeline.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "client/message/forensics.hpp"
#include "client/tls/stream_failure.hpp"

namespace weir::load {

namespace {

/// Requests up to this size are copied together: one span is cheaper to send than two (sendmsg(2)), and those that are
/// due together go out in one write.
constexpr std::size_t kCopied = 4 * 1024;
constexpr std::size_t kBatch = 16 * 1024;
constexpr std::size_t kMostInBatch = 128;

std::size_t copy(std::pair<std::span<const std::byte>, std::span<const std::byte>> parts, std::span<std::byte> into) {
  std::copy(parts.first.begin(), parts.first.end(), into.begin());
  std::copy(parts.second.begin(), parts.second.end(), into.begin() + static_cast<std::ptrdiff_t>(parts.first.size()));
  return parts.first.size() + parts.second.size();
}

}  // namespace

void RequestPipeline::restart() {
  requests_.clear();
  head_ = 0;
  first_ = sending_ = next_;
  sent_ = received_ = 0;
  std::vector<std::byte>().swap(evidence_);
  failure_ = Failure::none;
  detail_.clear();
}

Message& RequestPipeline::make(Message& message, std::uint64_t sequence) const {
  const std::uint64_t answered = expected_sequence();
  const io::Clock::time_point sent =
      sequence < answered ? last_sent_ : requests_[head_ + static_cast<std::size_t>(sequence - answered)].sent;
  message.make(*shape_, thread_, connection_, sequence, static_cast<std::uint64_t>((sent - epoch_).count()));
  return message;
}

Message& RequestPipeline::outgoing() { return out_.is(sending_) ? out_ : make(out_, sending_); }

const Message& RequestPipeline::expected() {
  const std::uint64_t sequence = expected_sequence();
  // One at a time, the request that was sent last is the one whose reply is due.
  if (out_.is(sequence)) return out_;
  return in_.is(sequence) ? in_ : make(in_, sequence);
}

void RequestPipeline::pop() {
  ++head_;
  if (head_ < 64 || head_ * 2 < requests_.size()) return;
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
}

template <typename Stream>
bool RequestPipeline::send(Stream& stream, std::span<std::byte> scratch) {
  std::size_t share = 0;
  while (!all_sent() && stream.writable() && share < kShare) {
    const bool small = outgoing().length() - sent_ <= kCopied;
    const io::IoResult result = small ? send_copied(stream, scratch) : send_parts(stream, scratch);
    if (result.status == io::IoResult::Status::failed) return failed_to_send(stream, result.error);
    count_sent(result.bytes);
    share += result.bytes;
  }
  return true;
}

template <typename Stream>
bool RequestPipeline::failed_to_send(Stream& stream, int error) {
  // What the peer sent before it reset the connection is more telling than the broken pipe.
  if (stream.readable()) return true;
  const Failure failure = failure_of(stream, error);
  detail_ = is_of_tls(failure) ? failure_detail(stream, error) : std::strerror(error);
  give_up(failure);
  return false;
}

io::IoResult RequestPipeline::send_parts(io::Stream& stream, std::span<std::byte> /*scratch*/) {
  const auto [first, second] = outgoing().unsent(sent_);
  return stream.write(first, second);
}

/// A stretch of it, for all that is written becomes records at once; its head shares the first one.
io::IoResult RequestPipeline::send_parts(tls::Stream& stream, std::span<std::byte> scratch) {
  auto [first, second] = outgoing().unsent(sent_);
  if (first.empty()) return stream.write(second.first(std::min(second.size(), scratch.size())));
  first = first.first(std::min(first.size(), scratch.size()));
  second = second.first(std::min(second.size(), scratch.size() - first.size()));
  return stream.write(scratch.first(copy({first, second}, scratch)));
}

template <typename Stream>
io::IoResult RequestPipeline::send_copied(Stream& stream, std::span<std::byte> scratch) {
  std::size_t filled = copy(outgoing().unsent(sent_), scratch);
  if (next_ - sending_ == 1) return stream.write(scratch.first(filled));
  Message message;
  for (std::uint64_t sequence = sending_ + 1; sequence < next_ && sequence - sending_ < kMostInBatch; ++sequence) {
    make(message, sequence);
    if (filled + message.length() > kBatch) break;
    filled += copy(message.unsent(0), scratch.subspan(filled));
  }
  return stream.write(scratch.first(filled));
}

void RequestPipeline::count_sent(std::size_t bytes) {
  while (bytes != 0) {
    const std::uint64_t left = outgoing().length() - sent_;
    if (bytes < left) {
      sent_ += bytes;
      return;
    }
    bytes -= static_cast<std::size_t>(left);
    sent_ = 0;
    ++sending_;
  }
}

template <typename Stream>
RequestPipeline::Status RequestPipeline::ended(Stream& stream, const io::IoResult& result) {
  if (result.status == io::IoResult::Status::end) {
    give_up(Failure::closed_early);
  } else {
    give_up(failure_of(stream, result.error));
    if (!is_wrong_reply(failure_)) detail_ = failure_detail(stream, result.error);
  }
  return Status::failed;
}

template bool RequestPipeline::send(io::Stream&, std::span<std::byte>);
template bool RequestPipeline::send(tls::Stream&, std::span<std::byte>);
template bool RequestPipeline::failed_to_send(io::Stream&, int);
template bool RequestPipeline::failed_to_send(tls::Stream&, int);
template RequestPipeline::Status RequestPipeline::ended(io::Stream&, const io::IoResult&);
template RequestPipeline::Status RequestPipeline::ended(tls::Stream&, const io::IoResult&);

bool RequestPipeline::begin_inquiry(std::span<const std::byte> bytes) {
  const bool from_the_start = received_ < Header::kSize;
  enough_ = 0;
  Message message;
  const std::uint64_t first = expected_sequence();
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(in_flight(), kRepliesExamined); ++i) {
    enough_ += static_cast<std::size_t>(make(message, first + i).length());
  }
  enough_ = std::min(enough_ - (from_the_start ? 0 : static_cast<std::size_t>(received_)), kBytesExamined);
  if (from_the_start) {
    evidence_.resize(static_cast<std::size_t>(received_));
    expected().copy_expected(0, evidence_);
  }
  return collect(bytes);
}

bool RequestPipeline::collect(std::span<const std::byte> bytes) {
  const std::size_t taken = std::min(bytes.size(), kBytesExamined - std::min(kBytesExamined, evidence_.size()));
  evidence_.insert(evidence_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  if (evidence_.size() < enough_) return true;
  conclude();
  return false;
}

void RequestPipeline::conclude() {
  DueReplies replies;
  const std::uint64_t first = expected_sequence();
  if (first > first_) make(replies.before.emplace(), first - 1);
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(in_flight(), kRepliesExamined); ++i) {
    make(replies.due.emplace_back(), first + i);
  }
  fail_wrong(explain(replies, received_, evidence_));
}

void RequestPipeline::fail_wrong(WrongReply wrong) {
  failure_ = wrong.kind;
  wrong_ = std::move(wrong);
}

bool RequestPipeline::surplus(std::span<const std::byte> bytes) {
  Message answered;
  const bool any = next_ > first_;
  if (any) make(answered, next_ - 1);
  fail_wrong(explain_surplus(any ? &answered : nullptr, connection_, bytes));
  return false;
}

void RequestPipeline::give_up(Failure reason) {
  if (inquiring()) return conclude();
  failure_ = reason;
  if (reason == Failure::closed_early && received_ != 0) fail_wrong(explain_end(expected(), received_));
}

}  // namespace weir::load
