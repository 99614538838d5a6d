#pragma once

#include "server/config/server_config.hpp"
#include "server/config/value_reader.hpp"

namespace weir {

/// The section `dns`.
void read_dns(const Value& value, DnsConfig& dns);

/// `dns` and `record` of a server.
void read_dns_name(MapReader& map, const Value& dns, DnsName& name);

}  // namespace weir
