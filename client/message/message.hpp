#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "client/length_spec.hpp"
#include "client/message/header.hpp"

namespace weir::load {

/// What all messages of a run have in common.
struct MessageShape {
  LengthSpec lengths = LengthSpec::parse("64");
  std::uint64_t seed = 1;
  std::uint32_t run = 0;  ///< tells this run's bytes from an earlier one's; 24 bits
  bool upper = false;     ///< the service upper-cases what it echoes
  std::string text;       ///< a template with {thread}, {connection} and {n}; empty for generated messages
};

/// Throws std::invalid_argument where a template has a name in braces that nothing stands for. Other braces are text.
void check_template(std::string_view text);

/// One request and the reply that is expected, both by offset, without a copy of either: a header (or a text)
/// that it holds and a payload that is a stretch of the pattern. Messages shorter than a header are payload only.
class Message {
 public:
  /// Becomes message `sequence` of a connection. Allocates only where a text is longer than any before.
  void make(const MessageShape& shape, std::uint32_t thread, std::uint32_t connection, std::uint64_t sequence,
            std::uint64_t sent_ns);

  /// Whether it is the message of that number, and not yet of none.
  bool is(std::uint64_t sequence) const { return length_ != 0 && sequence_ == sequence; }
  std::uint64_t length() const { return length_; }
  std::uint32_t run() const { return run_; }
  std::uint32_t connection() const { return connection_; }
  std::uint64_t sequence() const { return sequence_; }
  bool has_header() const { return head_size_ == Header::kSize && text_.empty(); }

  /// What is to be sent after the first `sent` bytes: the two parts of one write, the second one possibly not all.
  std::pair<std::span<const std::byte>, std::span<const std::byte>> unsent(std::uint64_t sent) const;

  /// Compares received bytes with the reply from `offset` on and returns how many are right. No more bytes than the
  /// reply has from there.
  std::size_t right_bytes(std::uint64_t offset, std::span<const std::byte> received) const;

  /// Copies the expected reply from `offset` on, as far as it goes, and returns how much that was.
  std::size_t copy_expected(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  std::span<const std::byte> head() const;
  std::span<const std::byte> expected_head() const;
  std::span<const std::byte> expected_payload(std::uint64_t offset) const;

  std::array<std::byte, Header::kSize> header_;
  std::string text_;
  std::string expected_text_;
  std::uint64_t length_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint32_t connection_ = 0;
  std::uint32_t run_ = 0;
  std::uint32_t start_ = 0;      ///< where in the pattern the payload begins
  std::uint32_t head_size_ = 0;  ///< of header or text
  bool upper_ = false;
};

}  // namespace weir::load
