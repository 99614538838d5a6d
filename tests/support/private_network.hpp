#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "common/io/descriptor.hpp"

namespace weir::test {

/// A network namespace (network_namespaces(7)) for programs that a test starts (Process::Options::network). It has only
/// loopback, and connections come only from ports that the test allows. Not every machine lets a test have one.
class PrivateNetwork {
 public:
  /// Connections come from the ports `first` to `last` (net.ipv4.ip_local_port_range).
  PrivateNetwork(std::uint16_t first, std::uint16_t last);

  bool usable() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }

  void set_local_ports(std::uint16_t first, std::uint16_t last);

  /// Moves the calling process, which has one thread, into it. Allowed after fork(2) in a program with threads. False
  /// with errno if the kernel refuses.
  bool enter() const;

 private:
  io::Descriptor user_;  ///< the namespace that owns it; none if the test may create networks without
  io::Descriptor network_;
  std::string why_not_;
};

}  // namespace weir::test
