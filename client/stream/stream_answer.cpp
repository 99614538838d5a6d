#include "client/stream/stream_answer.hpp"

#include <algorithm>
#include <array>

#include "common/printable.hpp"

namespace weir::load {

namespace {

/// With so many right bytes it was one of our lines.
constexpr std::size_t kOwn = 4;

}  // namespace

std::string_view far_end_key(FarEnd far_end) {
  static constexpr std::array<std::string_view, 3> kKeys{"silent", "echo", "serve"};
  return kKeys[static_cast<std::size_t>(far_end)];
}

StreamAnswer::StreamAnswer(const StreamPreamble& preamble)
    : preamble_(preamble), echoed_(preamble.client_line()), served_(preamble.server_line()) {}

void StreamAnswer::take(std::span<const std::byte> bytes) {
  if (!checker_ && !foreign_) bytes = take_first_line(bytes);
  if (bytes.empty()) return;
  if (foreign_) {
    first_ += text_of(bytes.first(std::min(bytes.size(), PatternChecker::kEvidence - first_.size())));
  } else {
    checker_->take(bytes);
  }
}

std::span<const std::byte> StreamAnswer::take_first_line(std::span<const std::byte> bytes) {
  while (!bytes.empty() && !checker_) {
    const char next = std::to_integer<char>(bytes.front());
    // Up to the byte where the two lines part, it may be either.
    const bool is_echo = echoed_.starts_with(first_) && echoed_[matched_] == next;
    const bool is_serve = served_.starts_with(first_) && served_[matched_] == next;
    if (!is_echo && !is_serve) {
      foreign_ = true;
      return bytes;
    }
    first_ += next;
    ++matched_;
    bytes = bytes.subspan(1);
    if (next != '\n') continue;
    far_end_ = is_echo ? FarEnd::echo : FarEnd::serve;
    checker_.emplace(stream_start(preamble_.run, preamble_.stream, is_echo));
  }
  return bytes;
}

bool StreamAnswer::settled() const {
  if (foreign_) return first_.size() >= PatternChecker::kEvidence;
  if (!checker_ || !checker_->differs()) return false;
  const std::string kept = text_of(checker_->kept());
  if (kept.size() >= PatternChecker::kKept || find_result()) return true;
  // A result line may stand there that has not come to its end.
  return far_end_ != FarEnd::serve && kept.size() >= PatternChecker::kEvidence;
}

void StreamAnswer::conclude() {
  if (!differs() || result_ || wrong_) return;
  if (foreign_) {
    wrong_ = not_a_far_end();
    return;
  }
  if (far_end_ == FarEnd::serve) result_ = find_result();
  std::uint64_t amount = 0;
  if (!result_) wrong_ = checker_->explain(preamble_.stream, amount);
}

std::optional<StreamResult> StreamAnswer::find_result() const {
  if (far_end_ != FarEnd::serve) return std::nullopt;
  const std::string kept = text_of(checker_->kept());
  // Its first bytes may happen to be what the pattern has there.
  for (std::size_t back = 0; back < StreamResult::kBegins.size() && back <= checker_->right(); ++back) {
    const std::uint64_t position = checker_->right() - back;
    const std::string line = checker_->pattern().copy(position, back) + kept;
    if (!line.starts_with(StreamResult::kBegins)) continue;
    const std::size_t end = line.find('\n');
    if (end == std::string::npos || end + 1 != line.size()) return std::nullopt;
    std::optional<StreamResult> result = StreamResult::parse(std::string_view(line).substr(0, end));
    return result && result->sent == position ? result : std::nullopt;
  }
  return std::nullopt;
}

WrongReply StreamAnswer::not_a_far_end() const {
  WrongReply wrong;
  wrong.kind = matched_ < kOwn ? Failure::foreign : Failure::corrupt;
  wrong.connection = preamble_.stream;
  wrong.offset = matched_;
  wrong.expected = echoed_.substr(0, WrongReply::kExcerpt);
  wrong.received = first_.substr(0, WrongReply::kExcerpt);
  wrong.text = "the target is neither an echo nor `weir-load stream --serve`: on stream " +
               std::to_string(preamble_.stream) + " its answer begins with " + in_quotes(first_);
  return wrong;
}

}  // namespace weir::load
