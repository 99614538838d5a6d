#pragma once

#include <cstdint>
#include <string>

#include "client/load_options.hpp"
#include "common/endpoint.hpp"

namespace weir::load {

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

/// Throws std::runtime_error, with the remedy, when the connections asked for cannot fit into the descriptors that this
/// process may have.
void check_descriptors(const LoadOptions& options, unsigned threads);

/// The same for the local ports towards an inet target, and for addresses that this machine has not. Counts over all
/// processes of a run.
void check_ports(const LoadOptions& options, const Endpoint& endpoint);

/// The value of IP_LOCAL_PORT_RANGE that makes connect(2) look through all local ports at random. Without it the kernel
/// first looks through every even port (`__inet_hash_connect`), which takes a millisecond a connection once half of the
/// ports are taken. 0 where a run needs few ports.
std::uint32_t port_range_for(Workload workload, std::uint32_t connections, const Endpoint& endpoint);

/// CPUs that this process may use.
unsigned usable_cpus();

/// Where a run took place.
struct Machine {
  std::string host;
  std::string kernel;
  std::string cpu;
  unsigned cpus = 0;
};
Machine this_machine();

/// How much of the processors was used, by this process in seconds, and by everybody as busy and total ticks.
struct MachineUse {
  double process_seconds = 0;
  std::uint64_t machine_busy = 0;
  std::uint64_t machine_total = 0;

  static MachineUse now();
};

}  // namespace weir::load
