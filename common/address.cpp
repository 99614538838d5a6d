#include "common/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include "common/refuse.hpp"

namespace weir {
namespace {

/// A host name has 253 characters at most (RFC 1035, 2.3.4).
constexpr std::size_t kLongestHost = 253;
/// Of a name that FileDescriptorName= takes (systemd.socket(5)).
constexpr std::size_t kLongestDescriptorName = 255;

const char* right_form(AddressUse use) {
  return use == AddressUse::bind ? "write 127.0.0.1:7000, [::1]:7000, :7000, unix:/path or fd:NAME"
                                 : "write HOST:PORT, [::1]:PORT or unix:/path";
}

bool has_space_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; });
}

bool only_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

Address parse_unix(std::string_view text, std::string_view name) {
  if (name.empty()) refuse(text, "has no path; write unix:/path or unix:@name");
  Address address;
  address.kind = Address::Kind::unix_path;
  if (name.front() == '@') {
    address.kind = Address::Kind::unix_abstract;
    name.remove_prefix(1);
    if (name.empty()) refuse(text, "has no name after the @; write unix:@name");
  } else if (name.front() != '/') {
    refuse(text, "is a relative path; write unix:/absolute/path, or unix:@name for an abstract socket");
  }
  if (has_control(name)) refuse(text, "holds a control character");
  if (name.size() > kLongestUnixName) {
    refuse(text, "is too long for a unix socket: " + std::to_string(name.size()) + " bytes, at most " +
                     std::to_string(kLongestUnixName));
  }
  address.host = name;
  return address;
}

Address parse_descriptor(std::string_view text, std::string_view name, AddressUse use) {
  if (use == AddressUse::target) {
    refuse(text, "is a socket that the service manager hands over, to which nothing can connect; " +
                     std::string(right_form(use)));
  }
  if (name.empty()) refuse(text, "has no name; write fd:NAME, as FileDescriptorName= of the socket unit says");
  if (has_control(name) || name.find(':') != std::string_view::npos || name.size() > kLongestDescriptorName) {
    refuse(text,
           "has a name that no socket can have: it is longer than 255 characters, or holds a colon or a control "
           "character");
  }
  Address address;
  address.kind = Address::Kind::descriptor;
  address.host = name;
  return address;
}

std::uint16_t parse_port(std::string_view text, std::string_view digits, AddressUse use) {
  if (!only_of(digits, "0123456789")) {
    refuse(text, "has the port " + in_quotes(digits) + ", which is not a number; " + right_form(use));
  }
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || port > 65535) {
    refuse(text, "has the port " + std::string(digits) + ", but the highest is 65535");
  }
  if (port == 0 && use == AddressUse::target) refuse(text, "has port 0, to which nothing can connect; use 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

void parse_ports(std::string_view text, std::string_view ports, AddressUse use, Ports allowed, Address& address) {
  if (ports.empty()) refuse(text, std::string("has no port; ") + right_form(use));
  const std::size_t dash = ports.find('-');
  // A negative number is no range.
  if (dash == std::string_view::npos || dash == 0) {
    address.port = parse_port(text, ports, use);
    return;
  }
  if (allowed == Ports::one) refuse(text, "has a range of ports, but one is needed here");
  const std::string_view end = ports.substr(dash + 1);
  if (end.empty()) refuse(text, "has a range of ports without an end; write FIRST-LAST, as 7000-7010");
  address.port = parse_port(text, ports.substr(0, dash), use);
  const std::uint16_t last = parse_port(text, end, use);
  if (address.port == 0) refuse(text, "has a range that begins at port 0, which stands for any; begin at 1 or more");
  if (last < address.port) {
    refuse(text, "has a range that ends before it begins; write " + std::string(end) + "-" +
                     std::string(ports.substr(0, dash)));
  }
  address.port_count = static_cast<std::uint16_t>(last - address.port + 1);
}

/// With its interface, if it has one.
bool is_v6_literal(std::string_view host) {
  in6_addr parsed{};
  return !host.ends_with('%') && !has_control(host) &&
         ::inet_pton(AF_INET6, std::string(host.substr(0, host.find('%'))).c_str(), &parsed) == 1;
}

void check_v6(std::string_view text, std::string_view host) {
  if (host.ends_with('%')) refuse(text, "has no interface after the %; write [fe80::1%eth0]:PORT");
  if (!is_v6_literal(host)) refuse(text, "has no IPv6 address between the brackets; write [::1]:PORT");
}

void check_host(std::string_view text, std::string_view host) {
  if (host.size() > kLongestHost) refuse(text, "has a host of more than 253 characters");
  if (host.find_first_of("[]/@%") != std::string_view::npos) {
    refuse(text, "has a host that is no name and no address; an IPv6 address stands in brackets, [::1]:PORT");
  }
  if (!host.empty() && only_of(host, "0123456789.") && !is_ipv4_address(host)) {
    refuse(text, "has the host " + std::string(host) + ", which is not an IPv4 address; it has four numbers up to 255");
  }
}

}  // namespace

Address parse_address(std::string_view text, AddressUse use, Ports ports) {
  if (text.empty()) throw std::invalid_argument(std::string("is empty; ") + right_form(use));
  if (text.starts_with("unix:")) return parse_unix(text, text.substr(5));
  if (text.starts_with("fd:")) return parse_descriptor(text, text.substr(3), use);
  if (has_space_or_control(text)) refuse(text, std::string("holds a blank or a control character; ") + right_form(use));

  Address address;
  std::string_view port;  // or several
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) refuse(text, "has no closing bracket; write [::1]:PORT");
    address.bracketed = true;
    address.host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.starts_with(':')) refuse(text, "has no port; write [" + address.host + "]:PORT");
    check_v6(text, address.host);
    port = rest.substr(1);
  } else {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
      if (use == AddressUse::bind && only_of(text, "0123456789")) {
        refuse(text, "has no host; write 127.0.0.1:" + std::string(text) + ", or :" + std::string(text) +
                         " for all addresses");
      }
      refuse(text, std::string("has no port; ") + right_form(use));
    }
    address.host = text.substr(0, colon);
    if (address.host.find(':') != std::string::npos) {
      refuse(text, "has several colons; an IPv6 address stands in brackets, [::1]:PORT");
    }
    if (address.host.empty() && use == AddressUse::target) {
      refuse(text, "has no host to connect to; write 127.0.0.1" + std::string(text) + " for this machine");
    }
    check_host(text, address.host);
    port = text.substr(colon + 1);
  }
  parse_ports(text, port, use, ports, address);
  return address;
}

std::string Address::to_string() const {
  switch (kind) {
    case Kind::unix_path:
      return "unix:" + host;
    case Kind::unix_abstract:
      return "unix:@" + host;
    case Kind::descriptor:
      return "fd:" + host;
    case Kind::inet:
      break;
  }
  const std::string first = (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
  return is_range() ? first + "-" + std::to_string(last_port()) : first;
}

Address Address::at(std::uint16_t offset) const {
  Address one = *this;
  one.port = static_cast<std::uint16_t>(port + offset);
  one.port_count = 1;
  return one;
}

bool is_ipv4_address(std::string_view text) {
  in_addr parsed{};
  return !has_control(text) && ::inet_pton(AF_INET, std::string(text).c_str(), &parsed) == 1;  // it reads up to a NUL
}

bool is_ip_address(std::string_view text) { return is_ipv4_address(text) || is_v6_literal(text); }

}  // namespace weir
