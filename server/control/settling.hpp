#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace weir {

/// Decides when files that change are ready to be read: a moment after the last change, so that what is written in
/// several steps is read once, and later where a writer may still be at it. Pure.
class Settling {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds kQuiet{100};
  /// For a writer that has not closed the file yet.
  static constexpr std::chrono::seconds kWriting{2};
  /// From the first change on, for files that are never quiet, and for those that are never closed.
  static constexpr std::chrono::seconds kMost{2};
  static constexpr std::chrono::seconds kMostWriting{10};

  /// Something has changed; `writing` where more may follow before the writer closes the file.
  void note(bool writing, Time now) {
    if (!first_) first_ = now;
    last_ = now;
    writing_ = writing;
  }

  /// When to read them; nothing where nothing has changed.
  std::optional<Time> due() const {
    if (!first_) return std::nullopt;
    return writing_ ? std::min<Time>(*first_ + kMostWriting, last_ + kWriting)
                    : std::min<Time>(*first_ + kMost, last_ + kQuiet);
  }

  /// They are read now.
  void reset() { first_.reset(); }

 private:
  std::optional<Time> first_;
  Time last_{};
  bool writing_ = false;
};

}  // namespace weir
