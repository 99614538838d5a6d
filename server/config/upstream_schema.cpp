#include "server/config/upstream_schema.hpp"

#include "common/endpoint.hpp"

namespace weir {
namespace {

void read_connect(const Value& value, ConnectConfig& connect) {
  MapReader map(value);
  if (const auto timeout = map.find("timeout")) {
    milliseconds read = connect.timeout;
    timeout->read(read, kNoLimit);
    if (read == kNoLimit) {
      timeout->fail("connecting is always bounded; write a timeout such as 5s");
    } else {
      connect.timeout = read;
    }
  }
  map.read("attempts", connect.attempts, 1u, 1000u);
  map.read("delay", connect.delay, kNoLimit);
  map.finish();
}

void read_server(const Value& value, BackendConfig& backend) {
  MapReader map(value);
  if (const auto address = map.require("address", "the server's HOST:PORT")) {
    address->read(backend.address, AddressUse::target);
  }
  map.finish({"weight", "max_connections", "backup", "dns", "record"});
}

}  // namespace

void read_upstream(const Value& value, UpstreamConfig& upstream, Definitions& names) {
  MapReader map(value);
  read_name(map, "upstream", upstream.name, names);
  if (const auto balance = map.find("balance")) {
    balance->read_choice(upstream.balance, {{"round_robin", UpstreamConfig::Balance::round_robin}});
  }
  if (const auto servers = map.require("servers", "[{address: \"127.0.0.1:5432\"}]")) {
    if (!servers->is(YamlNode::Kind::sequence)) {
      servers->fail("must be a list of servers; write [{address: \"127.0.0.1:5432\"}]");
    } else if (servers->node().items.empty()) {
      servers->fail("is an empty list; write [{address: \"127.0.0.1:5432\"}]");
    }
    for (const Value& server : servers->items()) read_server(server, upstream.servers.emplace_back());
  }
  if (const auto connect = map.find("connect")) read_connect(*connect, upstream.connect);
  if (const auto tcp = map.find("tcp")) read_tcp(*tcp, upstream.tcp);
  map.finish({"queue", "health", "eject", "slow_start", "send_proxy_protocol", "bind_source", "on_down"});
}

}  // namespace weir
