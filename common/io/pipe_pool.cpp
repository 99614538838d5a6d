#include "common/io/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace weir::io {

PipePool::PipePool(std::size_t most, SpareDescriptor& spare) : most_(most), spare_(spare) { kept_.reserve(most); }

void PipeReturn::operator()(Pipe* pipe) const { pipe->pool->give_back(std::unique_ptr<Pipe>(pipe)); }

PipePtr PipePool::take(Clock::time_point now) {
  if (!kept_.empty()) {
    PipePtr pipe(kept_.back().release());
    kept_.pop_back();
    return pipe;
  }
  if (made_ == most_ || now < resume_) return nullptr;
  std::unique_ptr<Pipe> pipe = make();
  if (!pipe) {
    resume_ = now + kPause;
    return nullptr;
  }
  ++made_;
  return PipePtr(pipe.release());
}

std::unique_ptr<Pipe> PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  if (!spare_.keep(read_end) || !spare_.keep(write_end)) return nullptr;
  ::fcntl(write_end.get(), F_SETPIPE_SZ, static_cast<int>(kCapacity));
  const int capacity = ::fcntl(write_end.get(), F_GETPIPE_SZ);
  if (capacity < static_cast<int>(kSmallest)) return nullptr;
  std::unique_ptr<Pipe> pipe(
      new (std::nothrow) Pipe{this, std::move(read_end), std::move(write_end), static_cast<std::size_t>(capacity)});
  return pipe;
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
  if (pipe->inside == 0) {
    kept_.push_back(std::move(pipe));
  } else {
    --made_;
  }
}

}  // namespace weir::io
