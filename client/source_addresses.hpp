#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.hpp"

namespace weir::load {

/// The local addresses that connections are spread over: `10.0.0.1,10.0.0.2`, `127.0.0.0/24`, `fd00::/120`.
class SourceAddresses {
 public:
  /// Throws std::invalid_argument whose text says what is wrong and what would be right.
  static SourceAddresses parse(std::string_view text);

  bool empty() const { return total_ == 0; }
  /// How many addresses there are, 2^32 at most.
  std::uint64_t size() const { return total_; }
  /// As it was written.
  const std::string& to_string() const { return text_; }
  int family() const { return ranges_.front().family; }

  /// The address number `index` modulo size(), with that port.
  Endpoint at(std::uint64_t index, std::uint16_t port = 0) const;

  /// Binds a socket to one of them. The port is left to connect(2) (IP_BIND_ADDRESS_NO_PORT, ip(7)), so that the same
  /// port can serve towards several targets. Returns 0 or an errno.
  int bind(int fd, std::uint64_t index) const;

 private:
  struct Range {
    int family;
    std::array<std::uint8_t, 16> first;
    std::uint64_t count;
  };

  std::string text_;
  std::vector<Range> ranges_;
  std::uint64_t total_ = 0;
};

}  // namespace weir::load
