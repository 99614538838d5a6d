#include "server/admin/json_faults.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string>
#include <utility>

#include "common/faults/fault_json.hpp"
#include "common/logging.hpp"
#include "server/admin/json_parts.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

/// How often a listener's connections met a fault, by its kind.
json::object met_json(const std::string& listener, const ServerSnapshot& now) {
  const auto found = std::find_if(now.listeners.begin(), now.listeners.end(),
                                  [&](const ListenerSnapshot& one) { return one.name == listener; });
  if (found == now.listeners.end() || !found->faults) return {};
  return counts_json(found->faults->met);
}

json::object listener_json(const ListenerFaults& listener, const ServerSnapshot& now) {
  json::array faults;
  for (const FaultSnapshot& fault : listener.faults) faults.push_back(fault_json(fault));
  return {{"name", listener.listener}, {"faults", std::move(faults)}, {"met", met_json(listener.listener, now)}};
}

}  // namespace

json::object fault_json(const FaultSnapshot& fault) {
  const std::string_view kind = faults::kind_name(fault.fault->kind);
  return {{"name", fault.fault->name},
          {"kind", kind},
          {"definition", faults::to_json(*fault.fault)},
          {"since", format_time(fault.since)},
          {"left_seconds", fault.left ? json::value(seconds_of(*fault.left)) : json::value()},
          {"from_file", fault.from_file},
          {"set_by", fault.who}};
}

json::value faults_json(const FaultsSnapshot& faults, const ServerSnapshot& now) {
  json::array listeners;
  for (const ListenerFaults& listener : faults.listeners) listeners.push_back(listener_json(listener, now));
  const bool bounded = faults.max_for.count() > 0;
  return {{"seed", faults.seed},
          {"seed_was_drawn", faults.seed_was_drawn},
          {"max_for_seconds", bounded ? json::value(seconds_of(faults.max_for)) : json::value()},
          {"max_percent", faults.max_percent},
          {"active", faults.count()},
          {"listeners", std::move(listeners)}};
}

}  // namespace weir::admin
