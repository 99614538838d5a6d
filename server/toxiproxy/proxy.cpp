#include "server/toxiproxy/proxy.hpp"

#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <boost/json/array.hpp>
#include <set>
#include <utility>

#include "server/toxiproxy/json_fields.hpp"
#include "server/toxiproxy/problem.hpp"

namespace weir::toxiproxy {

namespace {

namespace json = boost::json;

void read(const JsonFields& fields, Proxy& proxy) {
  fields.read("listen", proxy.listen);
  fields.read("upstream", proxy.upstream);
  fields.read("enabled", proxy.enabled);
}

/// `where` is what of the body it is, for people.
Proxy read_whole(const json::value& value, const std::string& where) {
  const JsonFields fields(value);
  Proxy proxy;
  fields.read("name", proxy.name);
  read(fields, proxy);
  if (proxy.name.empty()) throw missing_field("name" + where);
  if (proxy.upstream.empty()) throw missing_field("upstream" + where);
  return proxy;
}

}  // namespace

Proxy read_proxy(const std::string& body) { return read_whole(parse_body(body), ""); }

std::vector<Proxy> read_proxies(const std::string& body) {
  const json::value value = parse_body(body);
  if (!value.is_array()) throw bad_body("the value must be a list of proxies");
  std::vector<Proxy> proxies;
  std::set<std::string> names;
  for (const json::value& one : value.get_array()) {
    proxies.push_back(read_whole(one, fmt::format(" at proxy {}", proxies.size() + 1)));
    if (!names.insert(proxies.back().name).second) {
      throw Problem(500, fmt::format("duplicate proxy name \"{}\"", proxies.back().name));
    }
  }
  return proxies;
}

Proxy read_update(Proxy proxy, const std::string& body) {
  const json::value value = parse_body(body);
  read(JsonFields(value), proxy);
  if (proxy.upstream.empty()) throw missing_field("upstream");
  return proxy;
}

json::object proxy_json(const Proxy& proxy, const std::vector<Toxic>& toxics) {
  json::array list;
  for (const Toxic& toxic : toxics) list.push_back(toxic_json(toxic));
  return {{"name", proxy.name},
          {"listen", proxy.listen},
          {"upstream", proxy.upstream},
          {"enabled", proxy.enabled},
          {"toxics", std::move(list)}};
}

std::string plain_listen(std::string_view listen) {
  constexpr std::string_view kLoopback = "127.0.0.1";
  constexpr std::string_view kLocalhost = "localhost";
  if (listen.empty()) return fmt::format("{}:0", kLoopback);
  const bool is_local =
      listen.size() > kLocalhost.size() && listen[kLocalhost.size()] == ':' &&
      boost::beast::iequals({listen.data(), kLocalhost.size()}, {kLocalhost.data(), kLocalhost.size()});
  return is_local ? fmt::format("{}{}", kLoopback, listen.substr(kLocalhost.size())) : std::string(listen);
}

bool same_ends(const Proxy& one, const Proxy& other) {
  return plain_listen(one.listen) == plain_listen(other.listen) && one.upstream == other.upstream;
}

}  // namespace weir::toxiproxy
