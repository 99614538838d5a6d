#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "client/report/buckets.hpp"
#include "client/report/load_result.hpp"

namespace weir::load {

/// The times that are compared.
enum class Compared : std::uint8_t {
  times,      ///< what the workload is about: responses, or cycles
  connect,    ///< from connect(2) until the connection stood
  handshake,  ///< of TLS, in full
};
inline constexpr std::size_t kCompared = 3;

/// A stretch of measured time.
struct Block {
  double seconds = 0;
  double done = 0;
  std::array<std::vector<Histogram::Bucket>, kCompared> times;
};

/// The measured time of one run, in order.
using Blocks = std::vector<Block>;

/// One of two sides that are compared: runs of the same plan against the same target.
using Sample = std::vector<Blocks>;

/// No run is cut into more blocks than this; neighbours are put together until it holds.
inline constexpr std::size_t kMostBlocks = 200;

/// What a report knows of its measured time: one block for each interval after the warmup. Requests whose reply came
/// only while the run drained belong to the last one. Times of connects and handshakes are not known for each interval,
/// and stay empty.
Blocks blocks_of(const LoadResult& result);

}  // namespace weir::load
