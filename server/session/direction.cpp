#include "server/session/direction.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <type_traits>

namespace weir {

using Status = io::IoResult::Status;

template <typename Source, typename Sink>
Direction::Outcome Direction::pump(Source& source, Sink& sink, const Mover& mover) {
  if (const int error = sink.flush(); error != 0) {
    error_ = error;
    return Outcome::sink_failed;
  }
  bool refused = false;
  constexpr bool kCountsReads = !std::is_same_v<Source, io::Stream>;
  int reads = 0;
  for (const std::uint64_t turn_end = read_ + kTurnBytes;;) {
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
      step = copy(source, sink, mover);
    }
    if (step == Step::source_failed) return Outcome::source_failed;
    if (step == Step::sink_failed) return Outcome::sink_failed;
  }
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
  read_ += got.bytes;
  detector_.spliced(got.bytes);
  return Step::go_on;
}

template <typename Source, typename Sink>
Direction::Step Direction::copy(Source& source, Sink& sink, const Mover& mover) {
  const io::IoResult got = source.read(mover.scratch);
  if (got.status == Status::failed) return fail(Step::source_failed, got.error);
  if (got.status == Status::end) source_ended_ = true;
  if (got.status != Status::moved) return Step::go_on;
  read_ += got.bytes;
  detector_.copied(got.bytes, mover.scratch.size());
  const std::span<std::byte> data = mover.scratch.first(got.bytes);
  if (mover.transform != nullptr) mover.transform(data);

  io::IoResult put{Status::would_block};
  if (sink.writable()) put = sink.write(data);
  if (put.status == Status::failed) return fail(Step::sink_failed, put.error);
  written_ += put.bytes;
  return put.bytes < data.size() ? keep(data.subspan(put.bytes)) : Step::go_on;
}

void Direction::begin_with(std::span<const std::byte> bytes, Transform transform) {
  kept_ = std::make_unique<std::byte[]>(bytes.size());
  std::memcpy(kept_.get(), bytes.data(), bytes.size());
  if (transform != nullptr) transform({kept_.get(), bytes.size()});
  read_ = bytes.size();
}

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
  written_ += put.bytes;
  kept_offset_ += static_cast<std::uint32_t>(put.bytes);
  if (pending() == 0) kept_.reset();
  return Step::go_on;
}

Direction::Step Direction::fail(Step side, int error) {
  error_ = error;
  return side;
}

template Direction::Outcome Direction::pump(io::Stream&, io::Stream&, const Mover&);
template Direction::Outcome Direction::pump(io::Stream&, tls::Stream&, const Mover&);
template Direction::Outcome Direction::pump(tls::Stream&, io::Stream&, const Mover&);
template Direction::Outcome Direction::pump(tls::Stream&, tls::Stream&, const Mover&);

}  // namespace weir
