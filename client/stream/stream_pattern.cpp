#include "client/stream/stream_pattern.hpp"

#include <algorithm>
#include <cstring>

namespace weir::load {

namespace {

/// How many bytes must stand together to be recognized as those of another place.
constexpr std::size_t kRecognized = 16;
constexpr std::size_t kSearched = 32;

/// How far behind `position` of the pattern the bytes stand, forward, modulo its period. 0: nowhere.
std::uint64_t distance_to(const StreamPattern& pattern, std::uint64_t position, std::span<const std::byte> bytes) {
  // Slices overlap, so that what lies across their border is found as well.
  for (std::uint64_t ahead = 0; ahead < Pattern::kPeriod;) {
    const std::span<const std::byte> slice = pattern.slice(position + ahead, Pattern::kPeriod);
    const void* found = ::memmem(slice.data(), slice.size(), bytes.data(), bytes.size());
    if (found != nullptr) {
      const auto at = static_cast<std::uint64_t>(static_cast<const std::byte*>(found) - slice.data());
      return (ahead + at) % Pattern::kPeriod;
    }
    ahead += slice.size() - bytes.size() + 1;
  }
  return 0;
}

}  // namespace

std::string text_of(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string StreamPattern::copy(std::uint64_t position, std::size_t length) const {
  return text_of(slice(position, length));
}

void PatternChecker::take(std::span<const std::byte> bytes) {
  while (!bytes.empty() && kept_.empty()) {
    const std::span<const std::byte> expected = pattern_.slice(right_, bytes.size());
    if (std::memcmp(bytes.data(), expected.data(), expected.size()) == 0) {
      right_ += expected.size();
      bytes = bytes.subspan(expected.size());
      continue;
    }
    const auto differing = std::mismatch(expected.begin(), expected.end(), bytes.begin()).first - expected.begin();
    right_ += static_cast<std::uint64_t>(differing);
    bytes = bytes.subspan(static_cast<std::size_t>(differing));
    break;
  }
  const std::size_t room = std::min(bytes.size(), kKept - kept_.size());
  kept_.insert(kept_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(room));
}

WrongReply PatternChecker::explain(std::uint32_t stream, std::uint64_t& amount) const {
  WrongReply wrong;
  wrong.connection = stream;
  wrong.offset = right_;
  amount = 0;
  if (kept_.size() >= kRecognized) {
    const std::uint64_t lost = distance_to(pattern_, right_, std::span(kept_).first(std::min(kept_.size(), kSearched)));
    // Only the place modulo the period can be told. The nearer explanation is taken.
    const bool forward = lost <= Pattern::kPeriod / 2;
    if (lost != 0) {
      wrong.kind = forward ? Failure::lost : Failure::duplicated;
      amount = forward ? lost : Pattern::kPeriod - lost;
    }
  }
  wrong.text = wrong_sentence(wrong.kind, amount, right_, stream);
  wrong.excerpt_at = right_ < WrongReply::kBefore ? 0 : right_ - WrongReply::kBefore;
  wrong.expected = pattern_.copy(wrong.excerpt_at, WrongReply::kExcerpt);
  wrong.received = wrong.expected.substr(0, static_cast<std::size_t>(right_ - wrong.excerpt_at));
  wrong.received +=
      text_of(std::span(kept_).first(std::min(kept_.size(), WrongReply::kExcerpt - wrong.received.size())));
  return wrong;
}

std::string wrong_sentence(Failure kind, std::uint64_t amount, std::uint64_t offset, std::uint32_t stream) {
  const std::string place = " at byte " + std::to_string(offset) + " of stream " + std::to_string(stream);
  const std::string bytes = std::to_string(amount) + (amount == 1 ? " byte" : " bytes");
  switch (kind) {
    case Failure::lost:
      return bytes + " lost" + place;
    case Failure::duplicated:
      return bytes + " came twice" + place;
    case Failure::cut_short:
      return (amount == 1 ? std::string("the last byte") : "the last " + bytes) + " never came: it ended" + place;
    case Failure::foreign:
      return bytes + " that nobody had sent came" + place;
    default:
      return "bytes are corrupt from byte " + std::to_string(offset) + " of stream " + std::to_string(stream) + " on";
  }
}

}  // namespace weir::load
