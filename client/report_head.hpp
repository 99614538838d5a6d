#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "client/resources.hpp"

namespace weir::load {

/// The schema of docs/load-testing.md; raised when a key changes its meaning or goes.
inline constexpr int kJsonSchema = 1;

/// What a report for people calls its target: as it was written, and the address that was used where that says more.
std::string display_target(const std::string& target, const std::string& endpoint);

/// A time for people, by the local clock: `2026-11-27 12:00:00`.
std::string display_time(std::chrono::system_clock::time_point time);

/// What every report for machines begins with: schema, program, version, workload, target, endpoint, started, machine.
boost::json::object report_head(std::string_view workload, const std::string& version, const std::string& target,
                                const std::string& endpoint, std::chrono::system_clock::time_point started,
                                const Machine& machine);

/// The same of documents that are made from several runs: schema, program, version, kind, command, made.
boost::json::object document_head(std::string_view kind, const std::string& version,
                                  const std::vector<std::string>& command, std::chrono::system_clock::time_point made);

boost::json::object machine_to_json(const Machine& machine);
/// A command line, word for word; what is no printable ASCII is escaped.
boost::json::array command_to_json(const std::vector<std::string>& command);

}  // namespace weir::load
