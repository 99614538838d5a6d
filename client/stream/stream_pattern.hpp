#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "client/measure/wrong_reply.hpp"
#include "client/message/pattern.hpp"

namespace weir::load {

/// The bytes as text, whatever they are.
std::string text_of(std::span<const std::byte> bytes);

/// The bytes of one stream, one way: the pattern from a place on, without end. Every byte follows from its position.
class StreamPattern {
 public:
  explicit StreamPattern(std::uint64_t start) : start_(start) {}

  /// Up to `wanted` bytes from `position` on, in one piece: at least 64 KiB when so many are wanted.
  std::span<const std::byte> slice(std::uint64_t position, std::uint64_t wanted) const {
    return Pattern::slice((start_ + position) % Pattern::kPeriod, wanted);
  }
  /// A copy of `length` bytes, at most 64 KiB.
  std::string copy(std::uint64_t position, std::size_t length) const;

 private:
  std::uint64_t start_;
};

/// Compares what comes with a stream's pattern, by position. After the first byte that differs it only keeps some of
/// what follows, to tell what happened.
class PatternChecker {
 public:
  /// How many bytes from the first wrong one on are kept: enough to find where they belong, or to read a result line.
  static constexpr std::size_t kKept = 1024;
  /// With so many of them it can be told what happened.
  static constexpr std::size_t kEvidence = 64;

  explicit PatternChecker(std::uint64_t start) : pattern_(start) {}

  void take(std::span<const std::byte> bytes);
  /// Bytes that were right, from the first on; the position of the first that was not.
  std::uint64_t right() const { return right_; }
  bool differs() const { return !kept_.empty(); }
  /// What came from the first wrong byte on.
  std::span<const std::byte> kept() const { return kept_; }
  /// What was wrong, as far as it can be told. Once differs(). `amount` says how many bytes were lost or came twice.
  WrongReply explain(std::uint32_t stream, std::uint64_t& amount) const;
  const StreamPattern& pattern() const { return pattern_; }

 private:
  StreamPattern pattern_;
  std::uint64_t right_ = 0;
  std::vector<std::byte> kept_;
};

/// What was wrong at `offset` of a stream, in a sentence: `17 bytes lost at byte 1000 of stream 0`.
std::string wrong_sentence(Failure kind, std::uint64_t amount, std::uint64_t offset, std::uint32_t stream);

}  // namespace weir::load
