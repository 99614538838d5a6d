#include "server/admin/json_connections.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "server/admin/json_parts.hpp"

namespace weir::admin {
namespace {

namespace json = boost::json;

json::value tls_json(const std::optional<LiveTls>& tls) {
  if (!tls) return {};
  return {{"version", text_or_null(tls->version)}, {"sni", text_or_null(tls->sni)}};
}

json::value faults_json(const FaultFacts* faults) {
  if (faults == nullptr) return {};
  return {{"number", faults->number}, {"names", json::array(faults->names.begin(), faults->names.end())}};
}

json::object connection_json(const LiveConnection& connection) {
  const auto millis = [](auto time) { return std::chrono::duration<double, std::milli>(time).count(); };
  return {
      {"id", connection.id},
      {"listener", connection.listener},
      {"upstream", text_or_null(connection.upstream)},
      {"backend", connection.backend ? json::value(*connection.backend) : json::value()},
      {"client", connection.client.to_string()},
      {"proxied_client",
       connection.proxied_client ? json::value(connection.proxied_client->to_string()) : json::value()},
      {"tls", tls_json(connection.tls)},
      {"stage", to_string(connection.stage)},
      {"worker", connection.worker},
      {"bytes_in", connection.bytes_in},
      {"bytes_out", connection.bytes_out},
      {"rate_in", value_or_null(connection.rate_in)},
      {"rate_out", value_or_null(connection.rate_out)},
      {"age_ms", connection.age.count()},
      {"idle_ms", connection.idle.count()},
      {"connect_ms", connection.connect_time ? json::value(millis(*connection.connect_time)) : json::value()},
      {"attempts", connection.attempts},
      {"rtt_us", value_or_null(connection.rtt_us)},
      {"retransmits", value_or_null(connection.retransmits)},
      {"kept_for_client", connection.kept_for_client},
      {"kept_for_backend", connection.kept_for_backend},
      {"slow_side", text_or_null(std::string(connection.slow_side))},
      {"faults", faults_json(connection.faults.get())},
  };
}

}  // namespace

json::value connections_json(const ConnectionQuery& query, const ConnectionPage& page) {
  json::array connections;
  connections.reserve(page.connections.size());
  for (const LiveConnection& connection : page.connections) connections.push_back(connection_json(connection));
  return {{"total", page.total},    {"matched", page.matched}, {"complete", page.complete},
          {"offset", query.offset}, {"limit", query.limit},    {"connections", std::move(connections)}};
}

json::value sources_json(const std::vector<SourceSummary>& sources) {
  json::array array;
  for (const SourceSummary& source : sources) {
    array.push_back({{"source", source.source},
                     {"connections", source.connections},
                     {"bytes_in", source.bytes_in},
                     {"bytes_out", source.bytes_out}});
  }
  return {{"sources", std::move(array)}};
}

std::string records_json(const std::vector<SessionRecord>& records) {
  std::string text = "{\"records\":[";
  for (const SessionRecord& record : records) {
    if (text.back() != '[') text += ',';
    text += to_json(record);
    text.pop_back();
    text += is_failure(record.end) ? ",\"failed\":true}" : ",\"failed\":false}";
  }
  return text + "]}\n";
}

}  // namespace weir::admin
