#include "server/config/listener_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <variant>

#include "common/accounts.hpp"
#include "common/address_set.hpp"
#include "common/near_name.hpp"
#include "common/printable.hpp"
#include "server/config/access_words.hpp"
#include "server/config/value_kinds.hpp"

namespace weir {
namespace {

/// What to say where a listener and a backend have different numbers of ports.
std::string unlike_backend(const Address& bind, const std::string& upstream, const Address& backend) {
  const auto ports = [](const Address& address) {
    return address.is_range() ? std::to_string(address.port_count) + " ports" : std::string("one port");
  };
  return bind.to_string() + " has " + ports(bind) + ", but backend " + backend.to_string() + " of upstream " +
         upstream + " has " + ports(backend) + "; give both as many ports, or the backend one";
}

}  // namespace

void BoundList::read(const Value& value, std::vector<Address>& bind, Reading& reading) const {
  if (value.is(YamlNode::Kind::sequence) && value.node().items.empty()) {
    return value.fail("is an empty list; write an address such as 127.0.0.1:7000");
  }
  for (const Value& item : value.items_or_self()) {
    const std::optional<std::string> text = item.text("an address such as 127.0.0.1:7000");
    if (!text) continue;
    try {
      const Address address = parse_address(*text, AddressUse::bind, Ports::range);
      reading.bound.add(address, item);
      bind.push_back(address);
    } catch (const std::invalid_argument& error) {
      item.fail(error.what());
    }
  }
}

void BoundList::dump(TreeWriter& out, const std::vector<Address>& bind) const {
  out.begin_list();
  for (const Address& address : bind) dump_text(out, address.to_string());
  out.end();
}

void UpstreamName::read(const Value& value, std::string& upstream, Reading& reading) const {
  const std::optional<std::string> text = value.text("a text");
  if (!text) return;
  upstream = *text;
  if (reading.upstreams.contains(upstream)) return;
  std::vector<std::string_view> known;
  for (const auto& [name, position] : reading.upstreams) known.push_back(name);
  value.fail("there is no upstream " + in_quotes(upstream) + "; " +
             (known.empty() ? "define it under upstreams" : name_hint(upstream, known)));
}

void UpstreamName::dump(TreeWriter& out, const std::string& upstream) const { dump_text(out, upstream); }

namespace {

void read_range(const Value& item, const std::string& text, std::vector<std::string>& ranges) {
  try {
    AddressSet().add(text);
    ranges.push_back(text);
  } catch (const std::invalid_argument& error) {
    item.fail(error.what());
  }
}

}  // namespace

void Ranges::read(const Value& value, std::vector<std::string>& ranges, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    if (const auto text = item.text("a range such as 10.0.0.0/8")) read_range(item, *text, ranges);
  }
}

void Ranges::dump(TreeWriter& out, const std::vector<std::string>& ranges) const { dump_texts(out, ranges); }

void RangesOrUnix::read(const Value& value, std::vector<std::string>& ranges, Reading&) const {
  for (const Value& item : value.items_or_self()) {
    const auto text = item.text("a range such as 10.0.0.0/8, or unix");
    if (!text) continue;
    if (*text == kUnixClients) {
      ranges.push_back(*text);
    } else {
      read_range(item, *text, ranges);
    }
  }
}

void RangesOrUnix::dump(TreeWriter& out, const std::vector<std::string>& ranges) const { dump_texts(out, ranges); }

void RangesFile::read(const Value& value, std::string& path, Reading& reading) const {
  if (const auto text = value.text("a text")) path = *text;
  if (path.empty()) return;
  if (has_control(path)) return value.fail(in_quotes(path) + " holds a control character; write a file's path");
  path = reading.absolute(path, value.position());
  try {
    AddressSet().add_file(path);
  } catch (const std::runtime_error& error) {
    value.fail(error.what());
  }
}

void RangesFile::dump(TreeWriter& out, const std::string& path) const { dump_text(out, path); }

void FileMode::read(const Value& value, std::uint32_t& mode, Reading&) const {
  const auto text = value.text("the mode of the socket's file, as \"0660\"");
  if (!text) return;
  std::uint32_t read = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), read, 8);
  if (error != std::errc{} || end != text->data() + text->size() || read > kMost) {
    return value.fail(in_quotes(*text) + " is not a mode; write three octal digits, as \"0660\"");
  }
  mode = read;
}

void FileMode::dump(TreeWriter& out, std::uint32_t mode) const { dump_text(out, fmt::format("{:04o}", mode)); }

void Account::read(const Value& value, std::string& account, Reading&) const {
  if (const auto text = value.text("a text")) account = *text;
  if (account.empty()) return;
  try {
    const bool user = of == Of::user;
    const bool found = user ? find_user(account).has_value() : find_group(account).has_value();
    if (found) return;
    value.fail("there is no " + std::string(user ? "user " : "group ") + in_quotes(account) + " on this machine");
  } catch (const std::system_error& error) {
    value.fail(error.what());
  }
}

void Account::dump(TreeWriter& out, const std::string& account) const { dump_text(out, account); }

void check_port_ranges(MapReader& map, const ListenerConfig& listener, Reading& reading) {
  const auto* proxy = std::get_if<ProxyConfig>(&listener.service);
  const std::optional<Value> value = map.find("bind");
  if (proxy == nullptr || !value) return;
  for (const UpstreamConfig& upstream : reading.config.upstreams) {
    if (!proxy->uses(upstream.name)) continue;
    for (const BackendConfig& backend : upstream.servers) {
      if (!backend.address.is_range()) continue;
      for (const Address& bind : listener.bind) {
        if (bind.port_count == backend.address.port_count) continue;
        return value->fail(unlike_backend(bind, upstream.name, backend.address));
      }
    }
  }
}

void check_trusted(MapReader& map, const ListenerConfig& listener, Reading&) {
  if (listener.accept_proxy_protocol != ListenerConfig::ProxyHeaders::optional || !listener.trusted.empty()) return;
  const std::optional<Value> trusted = map.find("trusted");
  // Ranges that are wrong were reported themselves.
  if (trusted && (!trusted->is(YamlNode::Kind::sequence) || !trusted->node().items.empty())) return;
  const std::optional<Value> accept = map.find("accept_proxy_protocol");
  if (accept)
    accept->fail("optional needs `trusted`: clients in it must send a header, all others are served as they are");
}

void check_unix(MapReader& map, const ListenerConfig& listener, Reading&) {
  const std::optional<Value> section = map.find("unix");
  if (!section || listener.bind.empty() || listener.has_socket_file()) return;
  section->problems().add(
      section->key_position(), section->path(),
      "is for sockets with a file, but this listener binds no unix:/path; bind one, or remove this");
}

}  // namespace weir
