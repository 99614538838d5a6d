#include "server/session/direction.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace weir {

using Status = io::IoResult::Status;

Direction::Outcome Direction::pump(io::Stream& source, io::Stream& sink, std::span<std::byte> scratch,
                                   Transform transform) {
  for (std::size_t budget = kTurnBytes;;) {
    if (kept_) {
      const Outcome outcome = write_kept(sink);
      if (kept_) return outcome;
    }
    if (source_ended_) return Outcome::ended;
    if (!source.readable()) return Outcome::waiting;
    if (budget == 0) return Outcome::unfinished;

    const io::IoResult got = source.read(scratch);
    if (got.status == Status::would_block) continue;
    if (got.status == Status::failed) return fail(Outcome::source_failed, got.error);
    if (got.status == Status::end) {
      source_ended_ = true;
      continue;
    }
    read_ += got.bytes;
    budget -= std::min(budget, got.bytes);
    const std::span<std::byte> data = scratch.first(got.bytes);
    if (transform != nullptr) transform(data);

    io::IoResult put{Status::would_block};
    if (sink.writable()) put = sink.write(data);
    if (put.status == Status::failed) return fail(Outcome::sink_failed, put.error);
    written_ += put.bytes;
    if (put.bytes < data.size()) {
      const std::span<std::byte> rest = data.subspan(put.bytes);
      kept_.reset(new (std::nothrow) std::byte[rest.size()]);
      if (!kept_) return fail(Outcome::sink_failed, ENOMEM);  // pending() says how much is lost
      kept_offset_ = 0;
      std::memcpy(kept_.get(), rest.data(), rest.size());
    }
  }
}

Direction::Outcome Direction::write_kept(io::Stream& sink) {
  if (!sink.writable()) return Outcome::waiting;
  const io::IoResult put = sink.write({kept_.get() + kept_offset_, pending()});
  if (put.status == Status::failed) return fail(Outcome::sink_failed, put.error);
  written_ += put.bytes;
  kept_offset_ += static_cast<std::uint32_t>(put.bytes);
  if (pending() == 0) kept_.reset();
  return Outcome::waiting;
}

Direction::Outcome Direction::fail(Outcome side, int error) {
  error_ = error;
  return side;
}

}  // namespace weir
