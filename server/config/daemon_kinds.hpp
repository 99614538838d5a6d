#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of values of the daemon as a whole, and the rules between its keys.
namespace weir {

/// `workers`: `auto`, or a whole number.
struct Workers {
  static constexpr std::uint32_t kLeast = 1;
  static constexpr std::uint32_t kMost = 1024;

  void read(const Value& value, std::optional<std::uint32_t>& workers, Reading&) const;
  void dump(TreeWriter& out, const std::optional<std::uint32_t>& workers) const;
};

/// `limits.connections`: `auto`, or a count such as 20k.
struct ConnectionsOrAuto {
  void read(const Value& value, std::optional<std::uint64_t>& connections, Reading&) const;
  void dump(TreeWriter& out, const std::optional<std::uint64_t>& connections) const;
};

/// Where a log goes: a path, or `-` for stderr.
struct LogFile {
  void read(const Value& value, std::string& file, Reading&) const;
  void dump(TreeWriter& out, const std::string& file) const;
};

/// `dns.servers`: addresses of resolvers, whose port is 53 unless they say another.
struct Resolvers {
  void read(const Value& value, std::vector<Endpoint>& resolvers, Reading&) const;
  void dump(TreeWriter& out, const std::vector<Endpoint>& resolvers) const;
};

/// `max_ttl` is no shorter than `min_ttl`.
void check_ttls(MapReader& map, const DnsConfig& dns, Reading&);

/// `drain_spread` is no longer than `drain_timeout`.
void check_drain_spread(MapReader& map, const ServerConfig& config, Reading&);

/// There is a listener.
void check_listeners(MapReader& map, const ServerConfig& config, Reading&);

}  // namespace weir
