#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "server/toxiproxy/toxic.hpp"

namespace weir::toxiproxy {

/// A proxy as Toxiproxy has it, without its toxics. A value.
struct Proxy {
  std::string name;
  std::string listen;
  std::string upstream;
  bool enabled = true;

  bool operator==(const Proxy&) const = default;
};

/// Reads the body of a request that makes one. Throws Problem.
Proxy read_proxy(const std::string& body);
/// The same of one that makes several, whose names differ. Throws Problem.
std::vector<Proxy> read_proxies(const std::string& body);
/// The proxy with what the body says of it; its name stays. Throws Problem.
Proxy read_update(Proxy proxy, const std::string& body);

boost::json::object proxy_json(const Proxy& proxy, const std::vector<Toxic>& toxics);

/// Where it listens, in one spelling: `localhost` is 127.0.0.1, and so is no address at all, with any free port.
std::string plain_listen(std::string_view listen);
/// Whether they do the same for their clients, toxics aside.
bool same_ends(const Proxy& one, const Proxy& other);

}  // namespace weir::toxiproxy
