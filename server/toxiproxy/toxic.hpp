#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "common/faults/fault.hpp"

namespace weir::toxiproxy {

/// A toxic as Toxiproxy has it. A value.
struct Toxic {
  enum class Type : std::uint8_t {
    latency,
    bandwidth,
    slow_close,
    timeout,
    reset_peer,
    slicer,
    limit_data,
    noop,  ///< does nothing
  };
  enum class Stream : std::uint8_t { upstream, downstream };

  std::string name;
  Type type = Type::noop;
  Stream stream = Stream::downstream;
  double toxicity = 1;                   ///< the share of connections that it meets
  std::vector<std::int64_t> attributes;  ///< those of its type, in its order

  bool operator==(const Toxic&) const = default;
};

/// Reads the body of a request that adds one; what it leaves out is Toxiproxy's default. Throws Problem.
Toxic read_toxic(const std::string& body);
/// The toxic with what the body says of its toxicity and its attributes. Throws Problem.
Toxic read_update(Toxic toxic, const std::string& body);

boost::json::object toxic_json(const Toxic& toxic);

/// What it is among Weir's faults, which have no duration: none where it does nothing, and two that share one lot where
/// it both stops the bytes and ends the connection.
std::vector<faults::Fault> faults_of(const Toxic& toxic);

}  // namespace weir::toxiproxy
