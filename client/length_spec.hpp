#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::load {

/// How long messages are: `64`, `1k`, a uniform range `64-4k`, or a weighted mix `64:90,16k:10` of either.
class LengthSpec {
 public:
  /// The longest message: the target may have to hold as much while it echoes.
  static constexpr std::uint64_t kLongest = std::uint64_t{1} << 30;

  /// Throws std::invalid_argument whose text says what is wrong and what would be right.
  static LengthSpec parse(std::string_view text);

  /// The length that a random number stands for. A plain function of it, so that a seed repeats a run.
  std::uint64_t pick(std::uint64_t random) const;

  std::uint64_t longest() const;
  /// As it was written.
  const std::string& to_string() const { return text_; }

 private:
  struct Part {
    std::uint64_t shortest;
    std::uint64_t longest;
    std::uint64_t weight;
  };

  std::string text_;
  std::vector<Part> parts_;
  std::uint64_t total_weight_ = 0;
};

}  // namespace weir::load
