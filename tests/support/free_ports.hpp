#pragma once

#include <cstdint>
#include <string>

#include "common/endpoint.hpp"

namespace weir::test {

/// That many unused ports in a row, on a loopback address that no other process of the tests uses.
class FreePorts {
 public:
  explicit FreePorts(std::uint16_t count);

  std::uint16_t at(std::uint16_t offset) const { return static_cast<std::uint16_t>(first_ + offset); }
  Endpoint endpoint(std::uint16_t offset) const;
  /// `127.64.0.1:7000-7010`
  std::string range() const;

 private:
  std::uint16_t first_;
  std::uint16_t count_;
};

}  // namespace weir::test
