#pragma once

#include <string>

#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of values that an upstream has, and the rules between its keys.
namespace weir {

/// Where a backend is: its `address`, or the name `dns` that is looked up again and again, and `record`, which is what
/// is looked up. Three keys that are read together.
struct BackendPlace {
  int turn = 0;

  void read(MapReader& map, BackendConfig& backend, Reading& reading) const;
  void dump(TreeWriter& out, const BackendConfig& backend) const;
};

/// Whether a backend's weight is the configuration's to say; SRV records say it themselves.
bool has_own_weight(const BackendConfig& backend);

/// `connect.timeout`, which is never 0.
struct ConnectTimeout {
  static constexpr milliseconds kLeast{1};

  void read(const Value& value, milliseconds& timeout, Reading& reading) const;
  void dump(TreeWriter& out, milliseconds timeout) const;
};

/// Bytes, with the escapes of common/escapes.hpp.
struct Bytes {
  void read(const Value& value, std::string& bytes, Reading&) const;
  void dump(TreeWriter& out, const std::string& bytes) const;
};

/// `bind_source`: local IP addresses, one or a list, among them one of each backend's family.
struct Sources {
  void read(const Value& value, UpstreamConfig& upstream, Reading&) const;
  void dump(TreeWriter& out, const UpstreamConfig& upstream) const;
};

/// A backend whose weight SRV records say has no `weight`.
void check_weight(MapReader& map, const BackendConfig& backend, Reading&);

/// `record` stands only beside `dns`.
void check_record(MapReader& map, const BackendConfig& backend, Reading&);

/// Data in a SYN can't be taken back: a try at the next backend would send it a second time.
void check_fast_open(MapReader& map, UpstreamConfig& upstream, Reading&);

}  // namespace weir
