#pragma once

#include <string>
#include <vector>

namespace weir::test {

/// `inner` as `{key: inner}` entries of a YAML flow map; empty stays empty.
inline std::string with(const std::string& entries) { return entries.empty() ? "" : ", " + entries; }

/// One listener called `echo` on a free port.
inline std::string echo_config(const std::string& listener_entries = "") {
  return "listeners: [{name: echo, bind: '127.0.0.1:0', echo: {}" + with(listener_entries) + "}]\n";
}

/// One listener called `front` on a free port, which forwards to an upstream called `back` with these servers.
inline std::string proxy_config(const std::vector<std::string>& servers, const std::string& listener_entries = "",
                                const std::string& upstream_entries = "") {
  std::string list;
  for (const std::string& server : servers) list += (list.empty() ? "" : ", ") + ("{address: '" + server + "'}");
  return "listeners: [{name: front, bind: '127.0.0.1:0', proxy: {upstream: back}" + with(listener_entries) +
         "}]\nupstreams: [{name: back, servers: [" + list + "]" + with(upstream_entries) + "}]\n";
}

}  // namespace weir::test
