#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/address.hpp"
#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of values that a listener has, and the rules between its keys.
namespace weir {

/// `bind`: an address or a list of them; no two listeners bind the same.
struct BoundList {
  void read(const Value& value, std::vector<Address>& bind, Reading& reading) const;
  void dump(TreeWriter& out, const std::vector<Address>& bind) const;
};

/// `proxy.upstream`, which is one of those that are defined.
struct UpstreamName {
  void read(const Value& value, std::string& upstream, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& upstream) const;
};

/// CIDR ranges, one or a list.
struct Ranges {
  void read(const Value& value, std::vector<std::string>& ranges, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& ranges) const;
};

/// Ranges, and the word `unix` (access_words.hpp).
struct RangesOrUnix {
  void read(const Value& value, std::vector<std::string>& ranges, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& ranges) const;
};

/// A file of ranges, as an absolute path. It is read here as well, so that its mistakes are found with all others.
struct RangesFile {
  void read(const Value& value, std::string& path, Reading& reading) const;
  void dump(TreeWriter& out, const std::string& path) const;
};

/// `unix.mode`, in octal.
struct FileMode {
  static constexpr std::uint32_t kMost = 0777;

  void read(const Value& value, std::uint32_t& mode, Reading&) const;
  void dump(TreeWriter& out, std::uint32_t mode) const;
};

/// A user or a group, by name or number; empty is the daemon's own. It is looked up here as well, so that a wrong name
/// is found with all other problems.
struct Account {
  enum class Of { user, group };
  Of of;

  void read(const Value& value, std::string& account, Reading&) const;
  void dump(TreeWriter& out, const std::string& account) const;
};

/// A backend with a range of ports has a port for each of the listener's.
void check_port_ranges(MapReader& map, const ListenerConfig& listener, Reading& reading);

/// `accept_proxy_protocol: optional` says whose headers are believed.
void check_trusted(MapReader& map, const ListenerConfig& listener, Reading&);

/// The section `unix` stands only where a socket's file is bound.
void check_unix(MapReader& map, const ListenerConfig& listener, Reading&);

}  // namespace weir
