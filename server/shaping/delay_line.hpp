#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>

#include "common/io/timer_wheel.hpp"

namespace weir {

/// Bytes on their way that arrive later: what was read, in order, each piece with the time from which it may be
/// written. Bounded. One thread only.
class DelayLine {
 public:
  using Time = io::Clock::time_point;

  /// So much memory at most, pieces included.
  static constexpr std::size_t kMost = 4 * 1024 * 1024;
  /// What a piece takes beside its bytes, about.
  static constexpr std::size_t kPiece = 128;

  bool empty() const { return pieces_.empty(); }
  /// How many bytes one more piece may have.
  std::size_t room() const { return taken_ + kPiece < kMost ? kMost - kPiece - taken_ : 0; }

  /// No more than room(). A piece never overtakes the one before. Throws std::bad_alloc, and takes nothing then.
  void push(std::span<const std::byte> bytes, Time release);

  /// When what stands first may be written, and what that is. There must be something.
  Time release() const { return pieces_.front().release; }
  std::span<const std::byte> front() const {
    const Piece& piece = pieces_.front();
    return {piece.bytes.get() + offset_, piece.size - offset_};
  }
  /// That much of it, which is no more than front(), was written.
  void pop(std::size_t bytes);

  /// When the last piece that ever was in it may be written.
  Time last_release() const { return last_release_; }
  /// Nothing in it has to wait any longer.
  void release_all(Time now);

 private:
  struct Piece {
    Time release;
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
  };

  std::deque<Piece> pieces_;
  std::size_t offset_ = 0;  ///< in the first
  std::size_t taken_ = 0;   ///< memory
  Time last_release_{};
};

}  // namespace weir
