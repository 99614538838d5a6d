#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What can be done to a connection on purpose. Both programs know it: the daemon does it, and the load client checks
/// that it was done.
namespace weir::faults {

/// The way that bytes go: upstream is from the client to the server, downstream back to the client.
enum class Way : std::uint8_t { upstream, downstream, both };

/// How delays are spread around `delay`, by `jitter` (Latency).
enum class Distribution : std::uint8_t {
  constant,  ///< all alike; there is no jitter
  uniform,   ///< from delay − jitter to delay + jitter
  normal,    ///< jitter is the standard deviation
  pareto,    ///< jitter is the standard deviation, and few are very long (shape 3, as tc-netem(8) has it)
};

/// Each byte arrives so much later; none overtakes another.
struct Latency {
  std::chrono::microseconds delay{0};
  std::chrono::microseconds jitter{0};
  Distribution distribution = Distribution::uniform;

  bool operator==(const Latency&) const = default;
};

/// Bytes a second, of each connection by itself; 0 = nothing passes.
struct Bandwidth {
  std::uint64_t rate = 0;

  bool operator==(const Bandwidth&) const = default;
};

/// Bytes arrive in slices of `size` ± `variation`, with a pause between two of them.
struct Slice {
  std::uint64_t size = 1;
  std::uint64_t variation = 0;
  std::chrono::microseconds delay{0};

  bool operator==(const Slice&) const = default;
};

/// After so many bytes the way stops for a time, as a lost segment stops it until it is sent again.
struct Stall {
  std::uint64_t after = 0;
  std::chrono::microseconds duration{0};  ///< `for`; 0 = as long as the fault is there
  std::uint64_t every = 0;                ///< and again after each so many bytes; 0 = once
  double probability = 1;                 ///< of each stall, 0 to 1

  bool operator==(const Stall&) const = default;
};

/// Both sides get a RST: once so many bytes have been delivered, or after a time, whichever is first. Neither = at
/// once.
struct Reset {
  std::optional<std::uint64_t> after_bytes;
  std::optional<std::chrono::microseconds> after;

  bool operator==(const Reset&) const = default;
};

/// The same with a FIN.
struct End {
  std::optional<std::uint64_t> after_bytes;
  std::optional<std::chrono::microseconds> after;

  bool operator==(const End&) const = default;
};

/// A FIN arrives so much later than the last byte before it.
struct SlowClose {
  std::chrono::microseconds delay{0};

  bool operator==(const SlowClose&) const = default;
};

/// The client gets a RST as soon as it has connected.
struct Refuse {
  bool operator==(const Refuse&) const = default;
};

/// The service begins so much later, or never: the client gets a RST then.
struct Connect {
  std::chrono::microseconds delay{0};
  bool fail = false;

  bool operator==(const Connect&) const = default;
};

/// Nothing passes any more either way, FINs included, as if the other side had lost its power.
struct HalfOpen {
  bool operator==(const HalfOpen&) const = default;
};

/// One bit of each block of so many bytes is another one.
struct Corrupt {
  std::uint64_t per_bytes = 1'000'000;

  bool operator==(const Corrupt&) const = default;
};

using Kind = std::variant<Latency, Bandwidth, Slice, Stall, Reset, End, SlowClose, Refuse, Connect, HalfOpen, Corrupt>;

/// The name of a kind in configurations, records, metrics and the API: `latency`, `slow_close`, …
std::string_view kind_name(const Kind& kind);

/// One fault of a listener. Faults act together: their delays add up, the least rate counts, and so on.
struct Fault {
  /// By what a connection's lot is drawn: anew for each connection, or once for all of its source.
  enum class Key : std::uint8_t { connection, source };

  std::string name;  ///< unique among those of its listener
  Way way = Way::downstream;
  double percent = 100;  ///< of connections
  Key key = Key::connection;
  std::vector<std::string> sources;       ///< CIDR ranges; none = all
  std::chrono::milliseconds duration{0};  ///< `for`, from when it was set; 0 = until it is removed
  Kind kind;
  /// Another fault's name, whose lot it shares: what meets the one meets the other. Empty = its own.
  std::string lot_of = {};

  bool operator==(const Fault&) const = default;
};

/// Whether it acts on that way. Refuse, Connect and HalfOpen act on both.
bool acts_on(const Fault& fault, Way way);

}  // namespace weir::faults
