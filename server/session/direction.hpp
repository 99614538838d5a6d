#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/io/pipe_pool.hpp"
#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"
#include "server/session/stream_detector.hpp"

namespace weir {

/// Changes bytes in place; nullptr leaves them unchanged.
using Transform = void (*)(std::span<std::byte>);

/// What bytes are moved with. It all belongs to the thread and is only borrowed for a call.
struct Mover {
  std::span<std::byte> scratch;
  Transform transform = nullptr;
  io::PipePool* pipes = nullptr;  ///< nullptr: bytes are always copied
  bool always_splice = false;     ///< from the first byte on, if there is a pipe
  io::Clock::time_point now{};
};

/// Moves bytes one way: from a source to a sink, which may be the same socket.
///
///     source ──read──▶ scratch ──transform──▶ write ──▶ sink       small traffic
///        │                         └─ what the sink can't take yet: kept, and while it is kept nothing is read
///        └────splice──▶ pipe ─────────splice────────────▲          a stream
///
/// A direction that streams borrows a pipe while its source has bytes, and copies again once the stream is over. Holds
/// memory only for what is kept, at most one scratch buffer or one pipe. The loop's thread only.
class Direction {
 public:
  /// A session's share of the loop's turn.
  static constexpr std::size_t kTurnBytes = 256 * 1024;
  /// Reads without a byte count too: records of TLS may hold none, and yet cost as much.
  static constexpr int kTurnReads = 16;

  enum class Outcome : std::uint8_t {
    waiting,        ///< the source is empty or the sink full
    unfinished,     ///< there is more to do, but others have their turn first
    ended,          ///< the source's FIN was read, and the sink took everything before it
    source_failed,  ///< error() says why; the sink took everything that was read
    sink_failed,    ///< error() says why; what is kept cannot be delivered
  };

  static bool is_failure(Outcome outcome) {
    return outcome == Outcome::source_failed || outcome == Outcome::sink_failed;
  }

  /// Moves what can be moved now. Each of the two is an io::Stream or a tls::Stream.
  template <typename Source, typename Sink>
  Outcome pump(Source& source, Sink& sink, const Mover& mover);

  /// Bytes of the source that were read before, by whoever decided where they go. Before the first pump().
  void begin_with(std::span<const std::byte> bytes, Transform transform = nullptr);

  std::uint64_t read() const { return read_; }
  std::uint64_t written() const { return written_; }
  /// Grows whenever a byte is read or written.
  std::uint64_t moved() const { return read_ + written_; }
  /// Bytes read but not yet taken by the sink.
  std::size_t pending() const { return static_cast<std::size_t>(read_ - written_); }
  /// The source's FIN was read; pending bytes may still be undelivered.
  bool source_ended() const { return source_ended_; }
  int error() const { return error_; }

 private:
  enum class Step : std::uint8_t { go_on, source_failed, sink_failed };

  template <typename Source, typename Sink>
  bool take_pipe(const Source& source, const Sink& sink, const Mover& mover);
  template <typename Source, typename Sink>
  Step copy(Source& source, Sink& sink, const Mover& mover);
  template <typename Source>
  Step fill_pipe(Source& source, std::size_t most, bool& refused);
  template <typename Sink>
  Step write_pending(Sink& sink);
  Step keep(std::span<const std::byte> rest);
  Step fail(Step side, int error);

  std::unique_ptr<std::byte[]> kept_;
  io::PipePtr pipe_;
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
  std::uint32_t kept_offset_ = 0;
  int error_ = 0;
  StreamDetector detector_;
  bool source_ended_ = false;
};

}  // namespace weir
