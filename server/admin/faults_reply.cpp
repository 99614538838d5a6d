#include "server/admin/faults_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <utility>

#include "common/faults/fault_json.hpp"
#include "common/printable.hpp"
#include "server/admin/json_faults.hpp"
#include "server/admin/query.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

constexpr const char* kRight =
    R"(write {"name": "slow", "percent": 20, "for": "10m", "latency": {"delay": "50ms"}}; docs/faults.md has all kinds)";

/// For the log.
std::string who(const Caller& caller) { return fmt::format("{} through the admin endpoint", caller.name); }

Reply none_allowed() {
  return error_reply(404,
                     "the configuration has no section \"faults\", so there are none; write faults: {} into it and "
                     "reload, and faults can be set");
}

Reply no_listener(const std::string& listener) {
  return error_reply(404, "there is no listener " + in_quotes(listener) + "; /api/v1/faults names them all");
}

faults::Fault parse_fault(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error) throw BadRequest(fmt::format("the body is no JSON; {}", kRight));
  try {
    return faults::from_json(value);
  } catch (const std::invalid_argument& problem) {
    throw BadRequest(problem.what());
  }
}

const ListenerFaults* find(const FaultsSnapshot& faults, const std::string& listener) {
  const auto found = std::find_if(faults.listeners.begin(), faults.listeners.end(),
                                  [&](const ListenerFaults& one) { return one.listener == listener; });
  return found == faults.listeners.end() ? nullptr : &*found;
}

/// A fault as it is on now; null where it is not.
json::value shown_fault(const Daemon& daemon, const std::string& listener, const std::string& name) {
  const std::optional<FaultsSnapshot> faults = daemon.faults();
  const ListenerFaults* const on = faults ? find(*faults, listener) : nullptr;
  if (on == nullptr) return {};
  const auto found =
      std::find_if(on->faults.begin(), on->faults.end(), [&](const auto& one) { return one.fault->name == name; });
  return found == on->faults.end() ? json::value() : json::value(fault_json(*found));
}

}  // namespace

Reply faults_reply(Daemon& daemon) {
  const std::optional<FaultsSnapshot> faults = daemon.faults();
  return faults ? json_reply(200, faults_json(*faults, daemon.snapshot())) : none_allowed();
}

Reply set_fault_reply(Daemon& daemon, const Caller& caller, const std::string& listener, const std::string& body) {
  if (!daemon.faults()) return none_allowed();
  faults::Fault fault = parse_fault(body);
  const std::string name = fault.name;
  try {
    if (daemon.set_fault(listener, std::move(fault), who(caller)) == Change::not_found) return no_listener(listener);
  } catch (const FaultRefused& refused) {
    return error_reply(409, refused.what());
  }
  return json_reply(200, {{"result", "done"}, {"fault", shown_fault(daemon, listener, name)}});
}

Reply remove_fault_reply(Daemon& daemon, const Caller& caller, const std::string& listener, const std::string& fault) {
  const std::optional<FaultsSnapshot> faults = daemon.faults();
  if (!faults) return none_allowed();
  const Change change = daemon.remove_fault(listener, fault, who(caller));
  if (change != Change::not_found) return result_reply(change == Change::done);
  if (find(*faults, listener) == nullptr) return no_listener(listener);
  return error_reply(404, fmt::format("listener {} has no fault {}; /api/v1/faults names those that are on",
                                      in_quotes(listener), in_quotes(fault)));
}

Reply clear_faults_reply(Daemon& daemon, const Caller& caller, const std::optional<std::string>& listener) {
  if (!daemon.faults()) return none_allowed();
  const Change change = daemon.clear_faults(listener, who(caller));
  if (change == Change::not_found) return no_listener(listener.value_or(""));
  return result_reply(change == Change::done);
}

}  // namespace weir::admin
