#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/export_files.hpp"
#include "client/message/message.hpp"
#include "client/pacing/arrivals.hpp"
#include "client/slo.hpp"
#include "client/source_addresses.hpp"
#include "client/tls/tls_options.hpp"
#include "common/endpoint.hpp"
#include "common/proxy_protocol.hpp"

namespace weir::load {

enum class Workload : std::uint8_t { echo, connect };
enum class CloseBy : std::uint8_t { fin, rst };

/// What a run of `weir-load echo` or `weir-load connect` does, as the command line said it.
struct LoadOptions {
  using Duration = std::chrono::microseconds;

  Workload workload = Workload::echo;
  Address target;
  std::uint32_t connections = 64;
  unsigned threads = 0;                   ///< 0: one for each CPU, never more than connections
  std::optional<Duration> duration;       ///< neither this nor requests: kDefaultDuration
  std::optional<std::uint64_t> requests;  ///< over all connections, after the warmup
  Duration warmup{0};
  std::optional<double> rate;  ///< requests (or connections) a second over all connections; none: a closed loop
  ArrivalKind arrivals = ArrivalKind::uniform;
  std::optional<std::uint32_t> pipeline;     ///< most in flight on a connection; none: 1, or no limit with a rate
  Duration think{0};                         ///< closed loop: from a reply to the next request
  std::uint64_t reconnect_every = 0;         ///< requests on a connection before it is closed and opened anew; 0: never
  double newcomers = 0;                      ///< connections a second that make one request while others work
  Duration drain = std::chrono::seconds(1);  ///< how long requests in flight at the end are waited for
  Duration timeout = std::chrono::seconds(5);  ///< of a connect, a handshake and a reply
  double connect_rate = 0;                     ///< a second; 0: a bounded number at once
  unsigned processes = 1;                      ///< that share the connections; threads are those of each
  std::optional<std::chrono::system_clock::time_point> start_at;  ///< when the load begins
  ProxyVersion proxy_protocol = ProxyVersion::none;               ///< a header before the first request
  SourceAddresses proxy_sources;                                  ///< whose connections it says these are
  std::optional<TlsOptions> tls;                                  ///< none: plain TCP
  MessageShape message;
  SourceAddresses source;
  bool exchange = true;             ///< connect workload: one request and reply in each connection
  CloseBy close_by = CloseBy::fin;  ///< connect workload
  std::uint64_t max_errors = 0;     ///< not asked where a clause of the SLO is about errors
  std::vector<SloClause> slo;
  Duration interval = std::chrono::seconds(1);
  bool quiet = false;
  std::string json_file;             ///< empty: none; "-": stdout
  std::string html_file;             ///< likewise
  std::vector<std::string> command;  ///< the command line, from the program on
  ExportFiles exports;
  std::optional<Address> prometheus;  ///< where metrics are asked for while the run goes on

  static constexpr Duration kDefaultDuration = std::chrono::seconds(10);

  bool is_open_loop() const { return rate.has_value(); }
  bool slo_judges_errors() const {
    return std::any_of(slo.begin(), slo.end(), [](const SloClause& clause) { return clause.is_of_errors(); });
  }
  std::uint64_t most_in_flight() const {
    return pipeline ? *pipeline : is_open_loop() ? ~std::uint64_t{0} : std::uint64_t{1};
  }
};

}  // namespace weir::load
