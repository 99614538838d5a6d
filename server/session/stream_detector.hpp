#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// Decides whether a direction streams, and so is worth a pipe: two reads in a row that fill the whole buffer begin a
/// stream, more than eight small fills of a pipe in a row end it. Policy only. The figures were measured: below 16 KiB
/// a fill costs more than the copy that it saves.
class StreamDetector {
 public:
  static constexpr std::uint8_t kFullReads = 2;
  static constexpr std::uint8_t kSmallFills = 8;
  static constexpr std::size_t kSmall = 16 * 1024;

  bool streams() const { return full_reads_ >= kFullReads; }

  /// A read copied `bytes` into a buffer of `room`.
  void copied(std::size_t bytes, std::size_t room) {
    full_reads_ = bytes < room ? std::uint8_t{0} : static_cast<std::uint8_t>(full_reads_ + (streams() ? 0 : 1));
    small_fills_ = 0;
  }

  /// `bytes` went into an empty pipe at once.
  void spliced(std::size_t bytes) {
    small_fills_ = bytes < kSmall ? static_cast<std::uint8_t>(small_fills_ + 1) : std::uint8_t{0};
    if (small_fills_ > kSmallFills) *this = {};
  }

 private:
  std::uint8_t full_reads_ = 0;
  std::uint8_t small_fills_ = 0;
};

}  // namespace weir
