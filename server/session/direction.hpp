#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "common/io/pipe_pool.hpp"
#include "common/io/stream.hpp"
#include "common/tls/stream.hpp"
#include "server/session/stream_detector.hpp"
#include "server/shaping/shaper.hpp"

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
/// One that is shaped reads what its Shaper allows, and may hold bytes back in the shaper's line before the write.
/// A direction that streams borrows a pipe while its source has bytes, and copies again once the stream is over. Holds
/// memory only for what is kept, at most one scratch buffer or one pipe, and a line. The loop's thread only.
class Direction {
 public:
  /// A session's share of the loop's turn.
  static constexpr std::size_t kTurnBytes = 256 * 1024;
  /// Reads without a byte count too: records of TLS may hold none, and yet cost as much.
  static constexpr int kTurnReads = 16;
  /// Writes of slices, which may be of a byte each.
  static constexpr int kTurnWrites = 64;

  enum class Outcome : std::uint8_t {
    waiting,        ///< the source is empty or the sink full
    unfinished,     ///< there is more to do, but others have their turn first
    ended,          ///< the source's FIN was read, and the sink took everything before it
    source_failed,  ///< error() says why; the sink took everything that was read
    sink_failed,    ///< error() says why; what is kept cannot be delivered
    cut,            ///< a fault ends the connection: cut_by() says how
  };

  /// No more can be moved, although the source has not ended.
  static bool is_failure(Outcome outcome) { return outcome >= Outcome::source_failed; }

  /// Moves what can be moved now. Each of the two is an io::Stream or a tls::Stream.
  template <typename Source, typename Sink>
  Outcome pump(Source& source, Sink& sink, const Mover& mover);

  /// After Outcome::ended: whether a fault ends the connection all the same, now (`cut`) or at due().
  Outcome after_end(io::Clock::time_point now);

  /// Keeps to these terms from now on; without any it is not shaped any more, once what is held back has been written.
  /// Throws std::bad_alloc. `begins`: before the first pump(), so that what begin_with() was given keeps to them too.
  void shape(WayTerms terms, io::Clock::time_point now, bool begins = false);
  /// When pump() is to be called again although nothing happens; Time::max() for never. Fine time is meant.
  io::Clock::time_point due() const { return shaper_ ? shaper_->due() : io::Clock::time_point::max(); }
  /// After Outcome::cut.
  Shaper::Cut cut_by() const { return shaper_->cut(read_, pending()).value_or(Shaper::Cut::reset); }

  /// Bytes of the source that were read before, by whoever decided where they go. Before the first pump().
  void begin_with(std::span<const std::byte> bytes, Transform transform = nullptr);

  std::uint64_t read() const { return read_; }
  std::uint64_t written() const { return read_ - pending_; }
  /// Grows whenever a byte is read or written.
  std::uint64_t moved() const { return read_ + written(); }
  /// Bytes read but not yet taken by the sink.
  std::size_t pending() const { return pending_; }
  /// Bytes that begin_with() was given and that have not been read as the shaper allows.
  std::size_t first_left() const { return shaper_ ? shaper_->first_bytes().size() : 0; }
  /// The source's FIN was read; pending bytes may still be undelivered.
  bool source_ended() const { return source_ended_; }
  int error() const { return error_; }

 private:
  enum class Step : std::uint8_t { go_on, source_failed, sink_failed };

  /// Moves what can be moved now, and reads at most `most` bytes.
  template <typename Source, typename Sink>
  Outcome move(Source& source, Sink& sink, const Mover& mover, std::size_t most);
  template <typename Source, typename Sink>
  [[gnu::cold]] [[gnu::noinline]] Outcome pump_shaped(Source& source, Sink& sink, const Mover& mover);
  template <typename Source, typename Sink>
  Outcome move_shaped(Source& source, Sink& sink, const Mover& mover);
  template <typename Source, typename Sink>
  Outcome move_limited(Source& source, Sink& sink, const Mover& mover);
  template <typename Source, typename Sink>
  Outcome move_delayed(Source& source, Sink& sink, const Mover& mover);
  /// `more`: not all was read, although the shaper would allow it.
  template <typename Source>
  Step fill_line(Source& source, const Mover& mover, bool& more);
  template <typename Sink>
  Outcome empty_line(Sink& sink);
  template <typename Source, typename Sink>
  bool take_pipe(const Source& source, const Sink& sink, const Mover& mover);
  template <typename Source, typename Sink>
  Step copy(Source& source, Sink& sink, const Mover& mover, std::size_t most);
  template <typename Source>
  Step fill_pipe(Source& source, std::size_t most, bool& refused);
  template <typename Sink>
  Step write_pending(Sink& sink);
  void note_read(std::size_t bytes);
  void note_written(std::size_t bytes);
  Step keep(std::span<const std::byte> rest);
  Step fail(Step side, int error);

  std::unique_ptr<std::byte[]> kept_;
  io::PipePtr pipe_;
  std::unique_ptr<Shaper> shaper_;
  std::uint64_t read_ = 0;
  std::uint32_t pending_ = 0;
  std::uint32_t kept_offset_ = 0;
  std::int16_t error_ = 0;  ///< an errno
  StreamDetector detector_;
  bool source_ended_ = false;
  bool source_failed_ = false;  ///< while the line still holds what came before that
};

}  // namespace weir
