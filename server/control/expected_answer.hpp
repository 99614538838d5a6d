#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What a backend answers, as it comes, and whether it holds what is expected: anywhere in its first kLongest bytes,
/// and however the bytes were cut on their way.
class ExpectedAnswer {
 public:
  /// An answer that does not hold it within so many bytes never does.
  static constexpr std::size_t kLongest = 64 * 1024;

  enum class Status {
    awaited,
    found,
    missing,  ///< it is too late for it, whatever comes
  };

  /// An empty `expected` is found before anything came.
  explicit ExpectedAnswer(std::string expected) : expected_(std::move(expected)) { look(0); }

  /// The next bytes; whatever comes once it is no longer awaited changes nothing.
  Status take(std::string_view bytes) {
    if (status_ != Status::awaited) return status_;
    // It may have begun in what came before.
    const std::size_t overlap = expected_.size() - 1;
    const std::size_t from = answer_.size() > overlap ? answer_.size() - overlap : 0;
    answer_ += bytes.substr(0, kLongest - answer_.size());
    look(from);
    return status_;
  }

  Status status() const { return status_; }
  /// What came, for messages.
  const std::string& text() const { return answer_; }

 private:
  void look(std::size_t from) {
    if (answer_.find(expected_, from) != std::string::npos) {
      status_ = Status::found;
    } else if (answer_.size() == kLongest) {
      status_ = Status::missing;
    }
  }

  std::string expected_;
  std::string answer_;
  Status status_ = Status::awaited;
};

}  // namespace weir
