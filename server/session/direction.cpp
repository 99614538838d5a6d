#include "server/session/direction.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace weir {

using Status = io::IoResult::Status;

template <typename Source, typename Sink>
Direction::Outcome Direction::pump(Source& source, Sink& sink, const Mover& mover) {
  return shaper_ ? pump_shaped(source, sink, mover) : move(source, sink, mover, kTurnBytes);
}

template <typename Source, typename Sink>
Direction::Outcome Direction::move(Source& source, Sink& sink, const Mover& mover, std::size_t most) {
  if (const int error = sink.flush(); error != 0) {
    fail(Step::sink_failed, error);
    return Outcome::sink_failed;
  }
  bool refused = false;
  constexpr bool kCountsReads = !std::is_same_v<Source, io::Stream>;
  int reads = 0;
  for (const std::uint64_t turn_end = read_ + most;;) {
    Step step = Step::go_on;
    if (pending() > 0) {
      if (!sink.writable()) return Outcome::waiting;
      step = write_pending(sink);
    } else if (source_ended_) {
      return Outcome::ended;
    } else if (!source.readable()) {
      pipe_.reset();  // an idle stream holds no pipe
      return Outcome::waiting;
    } else if (read_ >= turn_end || (kCountsReads && ++reads > kTurnReads)) {
      return Outcome::unfinished;
    } else if (!refused && take_pipe(source, sink, mover)) {
      step = fill_pipe(source, turn_end - read_, refused);
    } else {
      // A turn may be longer than its share, but nothing may pass that a shaper does not allow.
      step = copy(source, sink, mover, shaper_ ? turn_end - read_ : mover.scratch.size());
    }
    if (step == Step::source_failed) return Outcome::source_failed;
    if (step == Step::sink_failed) return Outcome::sink_failed;
  }
}

void Direction::shape(WayTerms terms, io::Clock::time_point now, bool begins) {
  const std::size_t first = begins ? pending() : 0;
  if (shaper_) {
    shaper_->renew(std::move(terms), read_, now);
  } else if (!terms.empty()) {
    shaper_ = std::make_unique<Shaper>(std::move(terms), read_ - first, now);
    if (first == 0) return;
    shaper_->begin_with({kept_.get(), first});
    kept_.reset();
    read_ = 0;
    pending_ = 0;
  }
}

namespace {

/// A source with bytes before its own.
template <typename Source>
class Preceded {
 public:
  Preceded(std::span<const std::byte>& first, Source& source) : first_(first), source_(source) {}

  bool readable() const { return !first_.empty() || source_.readable(); }
  std::size_t at_hand() const { return first_.size() + source_.at_hand(); }
  bool can_splice() const { return first_.empty() && source_.can_splice(); }
  io::IoResult read(std::span<std::byte> buffer) {
    if (first_.empty()) return source_.read(buffer);
    const std::size_t bytes = std::min(first_.size(), buffer.size());
    std::memcpy(buffer.data(), first_.data(), bytes);
    first_ = first_.subspan(bytes);
    return {Status::moved, 0, bytes};
  }
  io::IoResult read_into(io::Pipe& pipe, std::size_t most) { return source_.read_into(pipe, most); }

 private:
  std::span<const std::byte>& first_;
  Source& source_;
};

}  // namespace

template <typename Source, typename Sink>
Direction::Outcome Direction::pump_shaped(Source& source, Sink& sink, const Mover& mover) {
  shaper_->begin_turn(mover.now);
  if (const int error = sink.flush(); error != 0) {
    fail(Step::sink_failed, error);
    return Outcome::sink_failed;
  }
  Outcome outcome{};
  if (shaper_->first_bytes().empty()) {
    outcome = move_shaped(source, sink, mover);
  } else {
    Preceded<Source> preceded(shaper_->first_bytes(), source);
    outcome = move_shaped(preceded, sink, mover);
  }
  if (is_failure(outcome)) return outcome;
  if (shaper_->cut(read_, pending())) return Outcome::cut;
  if (outcome == Outcome::ended && !shaper_->may_end(read_)) return Outcome::waiting;
  if (shaper_->is_done()) shaper_.reset();
  return outcome;
}

Direction::Outcome Direction::after_end(io::Clock::time_point now) {
  if (!shaper_) return Outcome::ended;
  shaper_->begin_turn(now);
  return shaper_->cut(read_, pending()) ? Outcome::cut : Outcome::ended;
}

template <typename Source, typename Sink>
Direction::Outcome Direction::move_shaped(Source& source, Sink& sink, const Mover& mover) {
  return shaper_->delays() ? move_delayed(source, sink, mover) : move_limited(source, sink, mover);
}

/// Nothing is held back: bytes pass as ever, in the amounts that the shaper allows.
template <typename Source, typename Sink>
Direction::Outcome Direction::move_limited(Source& source, Sink& sink, const Mover& mover) {
  for (const std::uint64_t turn_end = read_ + kTurnBytes;;) {
    const bool reads = pending() == 0 && !source_ended_ && source.readable();
    std::size_t most = 0;
    if (reads) most = shaper_->may_read(read_, turn_end - read_, [&source] { return source.at_hand(); });
    if (reads && most == 0) {
      pipe_.reset();
      return Outcome::waiting;
    }
    // What is copied is one read, as large as it may be, so that the detector sees whether the source has more.
    if (!detector_.streams()) most = std::min(most, mover.scratch.size());
    Mover limited = mover;
    limited.scratch = mover.scratch.first(std::min(mover.scratch.size(), most));
    if (most < StreamDetector::kSmall) limited.pipes = nullptr;
    const std::uint64_t before = read_;
    const Outcome outcome = move(source, sink, limited, most);
    shaper_->did_read(read_ - before, source.readable());
    if (outcome != Outcome::unfinished) return outcome;
    if (read_ >= turn_end || (reads && read_ == before)) return Outcome::unfinished;
  }
}

/// Through the shaper's line: what is read goes in, what has waited long enough comes out.
template <typename Source, typename Sink>
Direction::Outcome Direction::move_delayed(Source& source, Sink& sink, const Mover& mover) {
  // What was kept before there was a line goes first, and until it has gone nothing is read.
  while (shaper_->line().empty() && pending() > 0) {
    if (!sink.writable()) return Outcome::waiting;
    if (write_pending(sink) == Step::sink_failed) return Outcome::sink_failed;
  }
  pipe_.reset();
  if (!shaper_->fills_line()) {
    // What is left of a fault that has gone. More would come as fast as it goes, and the line would never be empty.
    const Outcome emptied = empty_line(sink);
    if (emptied != Outcome::ended) return emptied;
    if (source_failed_) return Outcome::source_failed;
    return source_ended_ ? Outcome::ended : Outcome::unfinished;
  }
  bool more = false;
  if (fill_line(source, mover, more) == Step::sink_failed) return Outcome::sink_failed;
  const Outcome emptied = empty_line(sink);
  if (emptied != Outcome::ended) return emptied == Outcome::waiting && more ? Outcome::unfinished : emptied;
  if (source_failed_) return Outcome::source_failed;  // now that what came before it has arrived
  if (source_ended_) return Outcome::ended;
  return more ? Outcome::unfinished : Outcome::waiting;
}

template <typename Source>
Direction::Step Direction::fill_line(Source& source, const Mover& mover, bool& more) {
  DelayLine& line = shaper_->line();
  const std::uint64_t turn_end = read_ + kTurnBytes;
  int reads = 0;
  while (!source_ended_ && !source_failed_ && source.readable()) {
    if (read_ >= turn_end || ++reads > kTurnReads) {
      more = true;
      break;
    }
    const std::size_t room = std::min(mover.scratch.size(), line.room());
    const std::size_t most = room == 0 ? 0 : shaper_->may_read(read_, room, [&source] { return source.at_hand(); });
    if (most == 0) break;
    const io::IoResult got = source.read(mover.scratch.first(most));
    if (got.status == Status::failed) {
      source_failed_ = true;  // the next read would not say so again
      return fail(Step::source_failed, got.error);
    }
    if (got.status == Status::end) {
      source_ended_ = true;
      shaper_->note_end();
    }
    if (got.status == Status::moved) {
      const std::span<std::byte> data = mover.scratch.first(got.bytes);
      if (mover.transform != nullptr) mover.transform(data);
      shaper_->change(data, read_);
      const std::uint64_t place = read_;
      note_read(got.bytes);
      try {
        line.push(data, shaper_->release_at(place));
      } catch (const std::bad_alloc&) {
        return fail(Step::sink_failed, ENOMEM);  // pending() says how much is lost
      }
    }
    shaper_->did_read(got.bytes, source.readable());
  }
  return Step::go_on;
}

/// `ended` says that the line is empty.
template <typename Sink>
Direction::Outcome Direction::empty_line(Sink& sink) {
  DelayLine& line = shaper_->line();
  const std::uint64_t turn_end = written() + kTurnBytes;
  for (int writes = 0; !line.empty(); ++writes) {
    if (line.release() > shaper_->now()) {
      shaper_->wait_until(line.release());
      return Outcome::waiting;
    }
    const std::size_t most = shaper_->may_write(written(), line.front().size());
    if (most == 0 || !sink.writable()) return Outcome::waiting;
    if (written() >= turn_end || writes == kTurnWrites) return Outcome::unfinished;
    const io::IoResult put = sink.write(line.front().first(most));
    if (put.status == Status::failed) {
      fail(Step::sink_failed, put.error);
      return Outcome::sink_failed;
    }
    if (put.bytes == 0) continue;  // a signal, or its socket is full now
    note_written(put.bytes);
    line.pop(put.bytes);
    shaper_->did_write(written());
  }
  return Outcome::ended;
}

template <typename Source, typename Sink>
bool Direction::take_pipe(const Source& source, const Sink& sink, const Mover& mover) {
  const bool wanted = mover.pipes != nullptr && mover.transform == nullptr &&
                      (mover.always_splice || detector_.streams()) && source.can_splice() && sink.can_splice();
  if (!wanted) {
    pipe_.reset();
  } else if (!pipe_) {
    pipe_ = mover.pipes->take(mover.now);
  }
  return pipe_ != nullptr;
}

template <typename Source>
Direction::Step Direction::fill_pipe(Source& source, std::size_t most, bool& refused) {
  const io::IoResult got = source.read_into(*pipe_, most);
  if (got.status != Status::moved) {
    refused = source.readable();
    pipe_.reset();
    return got.status == Status::failed ? fail(Step::source_failed, got.error) : Step::go_on;
  }
  note_read(got.bytes);
  detector_.spliced(got.bytes);
  return Step::go_on;
}

template <typename Source, typename Sink>
Direction::Step Direction::copy(Source& source, Sink& sink, const Mover& mover, std::size_t most) {
  const std::size_t room = std::min(mover.scratch.size(), most);
  const io::IoResult got = source.read(mover.scratch.first(room));
  if (got.status == Status::failed) return fail(Step::source_failed, got.error);
  if (got.status == Status::end) source_ended_ = true;
  if (got.status != Status::moved) return Step::go_on;
  note_read(got.bytes);
  detector_.copied(got.bytes, room);
  const std::span<std::byte> data = mover.scratch.first(got.bytes);
  if (mover.transform != nullptr) mover.transform(data);

  io::IoResult put{Status::would_block};
  if (sink.writable()) put = sink.write(data);
  if (put.status == Status::failed) return fail(Step::sink_failed, put.error);
  note_written(put.bytes);
  return put.bytes < data.size() ? keep(data.subspan(put.bytes)) : Step::go_on;
}

void Direction::begin_with(std::span<const std::byte> bytes, Transform transform) {
  kept_ = std::make_unique<std::byte[]>(bytes.size());
  std::memcpy(kept_.get(), bytes.data(), bytes.size());
  if (transform != nullptr) transform({kept_.get(), bytes.size()});
  note_read(bytes.size());
}

void Direction::note_read(std::size_t bytes) {
  read_ += bytes;
  pending_ += static_cast<std::uint32_t>(bytes);
}

void Direction::note_written(std::size_t bytes) { pending_ -= static_cast<std::uint32_t>(bytes); }

Direction::Step Direction::keep(std::span<const std::byte> rest) {
  kept_.reset(new (std::nothrow) std::byte[rest.size()]);
  if (!kept_) return fail(Step::sink_failed, ENOMEM);  // pending() says how much is lost
  kept_offset_ = 0;
  std::memcpy(kept_.get(), rest.data(), rest.size());
  return Step::go_on;
}

template <typename Sink>
Direction::Step Direction::write_pending(Sink& sink) {
  const io::IoResult put = kept_ ? sink.write({kept_.get() + kept_offset_, pending()}) : sink.write_from(*pipe_);
  if (put.status == Status::failed) return fail(Step::sink_failed, put.error);
  note_written(put.bytes);
  kept_offset_ += static_cast<std::uint32_t>(put.bytes);
  if (pending() == 0) kept_.reset();
  return Step::go_on;
}

Direction::Step Direction::fail(Step side, int error) {
  error_ = static_cast<std::int16_t>(error);
  return side;
}

template Direction::Outcome Direction::pump(io::Stream&, io::Stream&, const Mover&);
template Direction::Outcome Direction::pump(io::Stream&, tls::Stream&, const Mover&);
template Direction::Outcome Direction::pump(tls::Stream&, io::Stream&, const Mover&);
template Direction::Outcome Direction::pump(tls::Stream&, tls::Stream&, const Mover&);

}  // namespace weir
