#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "client/measure/wrong_reply.hpp"
#include "client/stream/stream_pattern.hpp"
#include "client/stream/stream_protocol.hpp"

namespace weir::load {

/// Who is at the other end of a stream, told by what it answers.
enum class FarEnd : std::uint8_t {
  silent,  ///< has sent nothing: a discard, if it goes on like that
  echo,    ///< gave the client's first line back
  serve,   ///< `weir-load stream --serve`
};

std::string_view far_end_key(FarEnd far_end);

/// What comes back on one stream, from the first byte to the FIN, checked by position. Pure.
///
///     first line ─▶ echo: the client's own bytes
///                └▶ serve: its pattern ─▶ the result line
class StreamAnswer {
 public:
  explicit StreamAnswer(const StreamPreamble& preamble);

  /// Takes what came, in order, in pieces of any size.
  void take(std::span<const std::byte> bytes);
  /// A byte was not what it should have been; what follows says why. conclude() once settled() or at the end.
  bool differs() const { return foreign_ || (checker_ && checker_->differs()); }
  /// Nothing that may still come is needed to conclude().
  bool settled() const;
  /// Nothing more comes, or not soon: whatever differs is the far end's result, or it is wrong.
  void conclude();

  /// Whether anything came at all.
  bool began() const { return matched_ != 0 || foreign_; }
  FarEnd far_end() const { return far_end_; }
  /// Bytes of the pattern that came and were right.
  std::uint64_t received() const { return result_ ? result_->sent : checker_ ? checker_->right() : 0; }
  /// The result line of `--serve`. After it nothing may come.
  const std::optional<StreamResult>& result() const { return result_; }
  const std::optional<WrongReply>& wrong() const { return wrong_; }

 private:
  std::span<const std::byte> take_first_line(std::span<const std::byte> bytes);
  std::optional<StreamResult> find_result() const;
  WrongReply not_a_far_end() const;

  const StreamPreamble preamble_;
  const std::string echoed_;
  const std::string served_;
  FarEnd far_end_ = FarEnd::silent;
  std::size_t matched_ = 0;  ///< bytes of the first line
  bool foreign_ = false;     ///< it is neither line
  std::string first_;        ///< what came instead
  std::optional<PatternChecker> checker_;
  std::optional<StreamResult> result_;
  std::optional<WrongReply> wrong_;
};

}  // namespace weir::load
