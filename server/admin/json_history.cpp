#include "server/admin/json_history.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "common/logging.hpp"
#include "server/admin/json_parts.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

json::object listener_json(const HistoryPoint& point) {
  return {{"accepted", point.accepted},
          {"active", point.active},
          {"bytes_in", point.bytes_in},
          {"bytes_out", point.bytes_out},
          {"ended", ends_json(point.ended)}};
}

json::object upstream_json(const HistoryPoint& point) {
  return {{"connects", point.accepted},
          {"connect_failures", point.connect_failures},
          {"bytes_to", point.bytes_in},
          {"bytes_from", point.bytes_out},
          {"active", point.active}};
}

}  // namespace

json::value history_json(const History& history) {
  json::array steps;
  for (const HistoryStep& step : history.steps()) {
    json::object listeners;
    for (const auto& [name, point] : step.listeners) listeners[name] = listener_json(point);
    json::object upstreams;
    for (const auto& [name, point] : step.upstreams) upstreams[name] = upstream_json(point);
    steps.push_back(
        {{"end", format_time(step.end)}, {"listeners", std::move(listeners)}, {"upstreams", std::move(upstreams)}});
  }
  return {{"step_seconds", History::kStep.count()}, {"steps", std::move(steps)}};
}

}  // namespace weir::admin
