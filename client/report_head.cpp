#include "client/report_head.hpp"

#include "common/logging.hpp"

namespace weir::load {

namespace json = boost::json;

json::object report_head(std::string_view workload, const std::string& version, const std::string& target,
                         const std::string& endpoint, std::chrono::system_clock::time_point started,
                         const Machine& machine) {
  return {
      {"schema", kJsonSchema},
      {"program", "weir-load"},
      {"version", version},
      {"workload", json::string_view(workload.data(), workload.size())},
      {"target", target},
      {"endpoint", endpoint},
      {"started", format_time(started)},
      {"machine",
       json::object{{"host", machine.host}, {"kernel", machine.kernel}, {"cpu", machine.cpu}, {"cpus", machine.cpus}}}};
}

}  // namespace weir::load
