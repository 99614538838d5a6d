#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "common/io/descriptor.hpp"
#include "common/io/spare_descriptor.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::io {

class PipePool;

/// A pipe(7) that bytes pass through between two sockets without being copied into this process (splice(2)).
struct Pipe {
  PipePool* pool = nullptr;
  Descriptor read_end;
  Descriptor write_end;
  std::size_t capacity = 0;
  std::size_t inside = 0;  ///< bytes that went in and have not come out yet
};

struct PipeReturn {
  void operator()(Pipe* pipe) const;
};
/// A pipe on loan; goes back to its pool, or is closed where bytes are left in it.
using PipePtr = std::unique_ptr<Pipe, PipeReturn>;

/// The pipes of one thread, made when they are first wanted and kept for the next. Outlives its pipes.
///
/// Pipes are scarce: each costs two descriptors, and the kernel grants a user fs.pipe-user-pages-soft pages of them,
/// beyond which new ones are tiny (pipe(7)). So their number is bounded, one that came out small is not used, and who
/// gets none goes without.
class PipePool {
 public:
  /// Larger than this gained nothing when it was measured, smaller cost 10 %.
  static constexpr std::size_t kCapacity = 256 * 1024;
  static constexpr std::size_t kSmallest = 64 * 1024;
  /// How long none is tried after one could not be made.
  static constexpr std::chrono::seconds kPause{1};

  /// At most `most` pipes on loan or kept at a time. `spare` may take the descriptors of a new one.
  PipePool(std::size_t most, SpareDescriptor& spare);
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  /// An empty pipe, or nothing where there is none to be had.
  PipePtr take(Clock::time_point now);

  std::size_t on_loan() const { return made_ - kept_.size(); }

 private:
  friend struct PipeReturn;

  std::unique_ptr<Pipe> make();
  void give_back(std::unique_ptr<Pipe> pipe);

  const std::size_t most_;
  SpareDescriptor& spare_;
  std::vector<std::unique_ptr<Pipe>> kept_;  ///< has room for all, so that giving back cannot fail
  std::size_t made_ = 0;
  Clock::time_point resume_{};
};

}  // namespace weir::io
