#pragma once

#include <string>
#include <vector>

#include "common/address.hpp"
#include "server/config/map_reader.hpp"
#include "server/config/reading.hpp"
#include "server/config/tree_writer.hpp"

/// Kinds of values of the admin endpoint, and the rules between its keys.
namespace weir {

/// `admin.bind`: one address that no listener binds.
struct AdminBind {
  void read(const Value& value, Address& bind, Reading& reading) const;
  void dump(TreeWriter& out, const Address& bind) const;
};

/// `admin.token_file`. It is read here as well, so that its mistakes are found with all others.
struct TokenFilePath {
  void read(const Value& value, std::string& path, Reading&) const;
  void dump(TreeWriter& out, const std::string& path) const;
};

/// `admin.hosts`: host names without a port, one or a list.
struct HostNames {
  void read(const Value& value, std::vector<std::string>& hosts, Reading&) const;
  void dump(TreeWriter& out, const std::vector<std::string>& hosts) const;
};

/// No listener binds the address that is bound where none is written.
void check_default_bind(MapReader& map, const AdminConfig& admin, Reading& reading);

/// `read_token` needs a token.
void check_read_token(MapReader& map, const AdminConfig& admin, Reading&);

}  // namespace weir
