#include "server/config/section_schema.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>

#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir {
namespace {

using std::chrono::seconds;

constexpr std::size_t kLongestName = 64;

void read_keepalive(const Value& value, KeepaliveConfig& keepalive) {
  if (value.is(YamlNode::Kind::scalar)) {
    if (value.node().scalar == "off") {
      keepalive.enabled = false;
    } else {
      value.fail(in_quotes(value.node().scalar) + " is unknown; write off, or a map of idle, interval and count");
    }
    return;
  }
  // The kernel's bounds: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of include/net/tcp.h.
  MapReader map(value);
  map.read("idle", keepalive.idle, seconds(1), seconds(32767));
  map.read("interval", keepalive.interval, seconds(1), seconds(32767));
  map.read("count", keepalive.count, 1u, 127u);
  map.finish();
}

void read_rate(MapReader& map, const char* key, Rate& rate) {
  const auto value = map.find(key);
  if (!value) return;
  const auto text = value->text("a rate such as 100/s, or 0 for no limit");
  if (!text) return;
  try {
    rate = parse_rate(*text);
  } catch (const std::invalid_argument& error) {
    value->fail(error.what());
  }
}

}  // namespace

void read_source_limits(MapReader& map, std::uint32_t& per_source, Rate& rate, Rate& rate_per_source) {
  map.read("per_source", per_source, 0u, 1'000'000'000u);
  read_rate(map, "rate", rate);
  read_rate(map, "rate_per_source", rate_per_source);
}

std::string first_place(const Position& position) {
  return position.line > 0 ? "on line " + std::to_string(position.line) : "by " + *position.origin;
}

/// Names stand in logs, metrics, the API's paths and `--set`.
void read_name(MapReader& map, const char* thing, std::string& target, Definitions& known) {
  const std::optional<Value> value = map.require("name", std::string("a name for this ") + thing);
  if (!value) return;
  const std::optional<std::string> name = value->text("a name");
  if (!name) return;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  const bool number = name->find_first_not_of("0123456789") == std::string::npos;
  if (number || name->size() > kLongestName || !std::all_of(name->begin(), name->end(), allowed) ||
      name->front() == '.' || name->front() == '-') {
    return value->fail(in_quotes(*name) + " is not a name; use up to " + std::to_string(kLongestName) +
                       " letters, digits, - _ and ., not digits alone, and begin with a letter, a digit or _");
  }
  const auto [first, is_new] = known.emplace(*name, value->position());
  if (!is_new) {
    return value->fail("another " + std::string(thing) + " has this name " + first_place(first->second) +
                       "; each needs its own");
  }
  target = *name;
}

void read_timeouts(const Value& value, TimeoutsConfig& timeouts) {
  MapReader map(value);
  map.read("idle", timeouts.idle, kNoLimit);
  map.read("half_close", timeouts.half_close, kNoLimit);
  map.read("lifetime", timeouts.lifetime, kNoLimit);
  map.read("header", timeouts.header, kNoLimit);
  map.finish();
}

void read_tcp(const Value& value, TcpConfig& tcp) {
  MapReader map(value);
  map.read("nodelay", tcp.nodelay);
  if (const auto keepalive = map.find("keepalive")) read_keepalive(*keepalive, tcp.keepalive);
  if (const auto timeout = map.find("user_timeout")) {
    milliseconds read = tcp.user_timeout;
    timeout->read(read, kNoLimit);
    if (read > io::kLongestUserTimeout) {
      timeout->fail(format_duration(read) + " is more than the kernel takes; write 596h or less");
    } else {
      tcp.user_timeout = read;
    }
  }
  map.read("fast_open", tcp.fast_open, 0u, 65535u);
  map.finish();
}

}  // namespace weir
