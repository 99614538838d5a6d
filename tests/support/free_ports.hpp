#pragma once

#include <cstdint>
#include <string>

namespace weir::test {

/// That many ports of 127.0.0.1 in a row that nobody uses, from below those that the kernel gives out by itself; so
/// only another call of this, by another test at the same time, could take one.
class FreePorts {
 public:
  explicit FreePorts(std::uint16_t count);

  std::uint16_t at(std::uint16_t offset) const { return static_cast<std::uint16_t>(first_ + offset); }
  /// `127.0.0.1:7000-7010`
  std::string range() const;

 private:
  std::uint16_t first_ = 0;
  std::uint16_t count_;
};

}  // namespace weir::test
