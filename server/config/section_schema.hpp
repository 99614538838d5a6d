#pragma once

#include <map>
#include <string>

#include "server/config/config_problem.hpp"
#include "server/config/server_config.hpp"
#include "server/config/value_reader.hpp"

/// Sections that stand in several places of the configuration. Each reports what is wrong and leaves that field as it
/// is.
namespace weir {

inline constexpr milliseconds kNoLimit{0};

/// What was defined where, to find it twice.
using Definitions = std::map<std::string, Position>;

/// "on line 7", or "by --set path.to.key".
std::string first_place(const Position& position);

/// The required `name` of a `thing`; reports a name that is no name, and one that is already among `known`.
void read_name(MapReader& map, const char* thing, std::string& target, Definitions& known);

/// `per_source`, `rate` and `rate_per_source`, which the process's limits and a listener's have in common.
void read_source_limits(MapReader& map, std::uint32_t& per_source, Rate& rate, Rate& rate_per_source);

void read_timeouts(const Value& value, TimeoutsConfig& timeouts);
void read_tcp(const Value& value, TcpConfig& tcp);

}  // namespace weir
