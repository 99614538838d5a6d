#include "server/shaping/delay_line.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {

void DelayLine::push(std::span<const std::byte> bytes, Time release) {
  auto copy = std::make_unique_for_overwrite<std::byte[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  const Time not_before = std::max(release, last_release_);
  pieces_.push_back({not_before, std::move(copy), bytes.size()});
  last_release_ = not_before;
  taken_ += bytes.size() + kPiece;
}

void DelayLine::pop(std::size_t bytes) {
  offset_ += bytes;
  if (offset_ < pieces_.front().size) return;
  taken_ -= pieces_.front().size + kPiece;
  pieces_.pop_front();
  offset_ = 0;
}

void DelayLine::release_all(Time now) {
  for (Piece& piece : pieces_) piece.release = std::min(piece.release, now);
  last_release_ = std::min(last_release_, now);
}

}  // namespace weir
