#pragma once

#include <string>

#include "server/config/server_config.hpp"
#include "server/toxiproxy/proxy.hpp"

/// Proxies that are made while the daemon runs, as part of the configuration: each is a listener, and an upstream of
/// its own.
namespace weir::toxiproxy {

/// The configuration with the proxy, in place of the one of its name. Throws Problem where an address cannot be read,
/// or a listener or upstream of the configuration file has its name.
ServerConfig with_proxy(ServerConfig config, const Proxy& proxy);
/// Without the proxy of that name.
ServerConfig without_proxy(ServerConfig config, const std::string& name);

/// The next configuration of the file with those that `running` has, as far as the file allows them and leaves their
/// names free.
ServerConfig keep_made(ServerConfig next, const ServerConfig& running);

/// Whether clients may make proxies.
bool may_create(const ServerConfig& config);

}  // namespace weir::toxiproxy
