#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/record.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// What a test's lots are drawn from, unless it says otherwise.
inline constexpr std::uint64_t kSeed = 7;

/// The entries of a configuration that allow faults, and the endpoint that sets them.
inline std::string faults_allowed(std::uint64_t seed = kSeed) {
  return "faults: {seed: " + std::to_string(seed) + "}\nadmin: {bind: '127.0.0.1:0'}\n";
}

/// A listener's `faults` of one fault, which is called `harm`: of this kind, such as `latency: {delay: 50ms}`.
inline std::string harm(const std::string& kind, const std::string& direction = "downstream") {
  return "faults: [{name: harm, direction: " + direction + ", " + kind + "}]";
}

/// Sets a fault, as JSON has it, while the daemon runs.
inline void set_fault(const AdminClient& admin, const std::string& listener, const std::string& fault) {
  const AdminReply reply = admin.request("POST", "/api/v1/listeners/" + listener + "/faults", fault);
  if (reply.status / 100 != 2) throw std::runtime_error("no fault was set: " + reply.head + reply.body);
}

/// How often connections of a listener have met a fault.
inline double times_met(const AdminClient& admin, const std::string& listener) {
  double times = 0;
  for (const auto& [series, value] : admin.metrics()) {
    if (series.starts_with("weir_faults_applied_total{") && series.find('"' + listener + '"') != std::string::npos) {
      times += value;
    }
  }
  return times;
}

/// Sets one that connections meet which are there already, and waits until so many have.
inline void set_fault_on_live(const AdminClient& admin, const std::string& listener, const std::string& fault,
                              int connections = 1) {
  const double before = times_met(admin, listener);
  set_fault(admin, listener, fault);
  if (!wait_until([&] { return times_met(admin, listener) >= before + connections; })) {
    throw std::runtime_error("no connection met " + fault);
  }
}

inline void remove_fault(const AdminClient& admin, const std::string& listener, const std::string& name = "harm") {
  const AdminReply reply = admin.request("DELETE", "/api/v1/listeners/" + listener + "/faults/" + name);
  if (reply.status / 100 != 2) throw std::runtime_error("no fault was removed: " + reply.head + reply.body);
}

/// What a connection's record says of its faults. The number is 0 where it says nothing.
struct MetFaults {
  std::uint64_t number = 0;
  std::vector<std::string> names = {};

  bool operator==(const MetFaults&) const = default;
  auto operator<=>(const MetFaults&) const = default;
};

inline MetFaults faults_of(const Record& record) {
  MetFaults met;
  if (record.is_null("faults")) return met;
  const boost::json::object& faults = record.json().at("faults").as_object();
  met.number = faults.at("number").to_number<std::uint64_t>();
  for (const boost::json::value& name : faults.at("names").as_array()) met.names.emplace_back(name.as_string());
  return met;
}

}  // namespace weir::test
