#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/io/stream.hpp"

namespace weir {

/// One way that bytes go: from a source to a sink, which may be the same socket.
///
///     source ──read──▶ scratch ──transform──▶ write ──▶ sink
///                                  └─ what the sink can't take yet: kept, and while it is kept nothing is read
///
/// Holds memory only for what is kept, at most one scratch buffer. The loop's thread only.
class Direction {
 public:
  /// A session's share of a turn.
  static constexpr std::size_t kTurnBytes = 256 * 1024;

  enum class Outcome : std::uint8_t {
    waiting,        ///< the source is empty or the sink full
    unfinished,     ///< there is more to do, but others have their turn first
    ended,          ///< the source's FIN was read and the sink took everything before it
    source_failed,  ///< error() says why; the sink took everything that was read
    sink_failed,    ///< error() says why; what is kept is undeliverable
  };

  /// Changes bytes in place; nullptr leaves them.
  using Transform = void (*)(std::span<std::byte>);

  /// Moves what can be moved now.
  Outcome pump(io::Stream& source, io::Stream& sink, std::span<std::byte> scratch, Transform transform = nullptr);

  std::uint64_t read() const { return read_; }
  std::uint64_t written() const { return written_; }
  /// Bytes read and not yet taken by the sink.
  std::size_t pending() const { return static_cast<std::size_t>(read_ - written_); }
  /// The source's FIN was read; what is pending may still be on its way.
  bool source_ended() const { return source_ended_; }
  int error() const { return error_; }

 private:
  Outcome write_kept(io::Stream& sink);
  Outcome fail(Outcome side, int error);

  std::unique_ptr<std::byte[]> kept_;
  std::uint32_t kept_offset_ = 0;
  int error_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
  bool source_ended_ = false;
};

}  // namespace weir
