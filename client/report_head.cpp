#include "client/report_head.hpp"

#include <ctime>

#include "common/escapes.hpp"
#include "common/logging.hpp"

namespace weir::load {

namespace json = boost::json;

std::string display_target(const std::string& target, const std::string& endpoint) {
  return endpoint == target ? target : target + " (" + endpoint + ")";
}

std::string display_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

json::object report_head(std::string_view workload, const std::string& version, const std::string& target,
                         const std::string& endpoint, std::chrono::system_clock::time_point started,
                         const Machine& machine) {
  return {{"schema", kJsonSchema},
          {"program", "weir-load"},
          {"version", version},
          {"workload", json::string_view(workload.data(), workload.size())},
          {"target", target},
          {"endpoint", endpoint},
          {"started", format_time(started)},
          {"machine", machine_to_json(machine)}};
}

json::object machine_to_json(const Machine& machine) {
  return {{"host", machine.host}, {"kernel", machine.kernel}, {"cpu", machine.cpu}, {"cpus", machine.cpus}};
}

json::array command_to_json(const std::vector<std::string>& command) {
  json::array array;
  for (const std::string& word : command) array.emplace_back(escape(word));
  return array;
}

json::object document_head(std::string_view kind, const std::string& version, const std::vector<std::string>& command,
                           std::chrono::system_clock::time_point made) {
  return {{"schema", kJsonSchema},
          {"program", "weir-load"},
          {"version", version},
          {"kind", json::string_view(kind.data(), kind.size())},
          {"command", command_to_json(command)},
          {"made", format_time(made)}};
}

}  // namespace weir::load
