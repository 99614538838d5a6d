#include "client/exchange.hpp"

#include <algorithm>
#include <cstring>

#include "client/message/classify.hpp"

namespace weir::load {

namespace {

/// What one connection may move before others get their turn.
constexpr std::size_t kShare = 256 * 1024;

}  // namespace

void Exchange::begin() {
  sent_ = 0;
  received_ = 0;
  failure_ = Failure::none;
  suspect_size_ = 0;
}

Exchange::Status Exchange::fail(Failure failure) {
  failure_ = failure;
  return Status::failed;
}

bool Exchange::send(io::Stream& stream) {
  std::size_t share = 0;
  while (sent_ < message_.length() && stream.writable() && share < kShare) {
    const auto [first, second] = message_.unsent(sent_);
    const io::IoResult result = stream.write(first, second);
    if (result.status == io::IoResult::Status::failed) {
      // What the peer sent before it reset the connection is more telling than the broken pipe.
      if (stream.readable()) return true;
      detail_ = std::strerror(result.error);
      fail(io_failure(result.error));
      return false;
    }
    sent_ += result.bytes;
    share += result.bytes;
  }
  return true;
}

Exchange::Status Exchange::advance(io::Stream& stream, std::span<std::byte> scratch) {
  if (sent_ < message_.length() && !send(stream)) return Status::failed;
  std::size_t share = 0;
  while (stream.readable()) {
    const io::IoResult result = stream.read(scratch);
    switch (result.status) {
      case io::IoResult::Status::moved: {
        const Status status = check(scratch.first(result.bytes));
        if (status != Status::waiting) return status;
        share += result.bytes;
        if (share >= kShare) return Status::working;
        break;
      }
      case io::IoResult::Status::would_block:
        break;
      case io::IoResult::Status::end:
        give_up(Failure::closed_early);
        return Status::failed;
      case io::IoResult::Status::failed:
        give_up(io_failure(result.error));
        if (failure_ == Failure::io_failed) detail_ = std::strerror(result.error);
        return Status::failed;
    }
  }
  return sent_ < message_.length() && stream.writable() ? Status::working : Status::waiting;
}

Exchange::Status Exchange::check(std::span<const std::byte> chunk) {
  if (suspect_size_ != 0) return look_closer(chunk);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), message_.length() - received_));
  const std::size_t right = message_.right_bytes(received_, chunk.first(wanted));
  if (right == wanted) {
    received_ += wanted;
    if (wanted < chunk.size()) {
      WrongReply wrong = classify_surplus(message_, chunk.subspan(wanted));
      detail_ = std::move(wrong.text);
      return fail(wrong.kind);
    }
    return received_ == message_.length() ? Status::done : Status::waiting;
  }
  const std::uint64_t wrong_at = received_ + right;
  if (message_.has_header() && wrong_at < Header::kSize) {
    // The header that came says whose it is: put together what was right of it and what follows.
    wrong_at_ = static_cast<std::uint8_t>(wrong_at);
    suspect_size_ = static_cast<std::uint8_t>(
        message_.copy_expected(0, std::span(suspect_).first(static_cast<std::size_t>(received_))));
    return look_closer(chunk);
  }
  WrongReply wrong = classify(message_, wrong_at, chunk.subspan(right));
  detail_ = std::move(wrong.text);
  return fail(wrong.kind);
}

Exchange::Status Exchange::look_closer(std::span<const std::byte> chunk) {
  const std::size_t taken = std::min(chunk.size(), suspect_.size() - suspect_size_);
  std::copy_n(chunk.begin(), taken, suspect_.begin() + suspect_size_);
  suspect_size_ = static_cast<std::uint8_t>(suspect_size_ + taken);
  if (suspect_size_ < suspect_.size()) return Status::waiting;
  WrongReply wrong = classify(message_, wrong_at_, suspect_);
  detail_ = std::move(wrong.text);
  return fail(wrong.kind);
}

void Exchange::give_up(Failure reason) {
  fail(reason);
  if (suspect_size_ == 0) return;
  WrongReply wrong = classify(message_, wrong_at_, std::span(suspect_).first(suspect_size_));
  detail_ = std::move(wrong.text);
  fail(wrong.kind);
}

}  // namespace weir::load
