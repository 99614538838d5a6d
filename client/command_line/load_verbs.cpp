#include <charconv>
#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"
#include "client/start_time.hpp"
#include "common/escapes.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::uint64_t kMostConnections = 1'000'000;
constexpr std::uint64_t kMostThreads = 1024;
constexpr std::uint64_t kMostInFlight = 1'000'000;

constexpr const char* kEchoHelp = R"(usage: weir-load echo [OPTIONS] TARGET

Opens connections to a service that sends back what it gets, and checks every byte of every reply.
Without --rate each connection sends a request, waits for the reply and sends the next (a closed
loop: how much is possible?). With it requests are sent when they are due, whatever the server does
(an open loop: how long does one wait at that rate?). Ctrl-C ends a run early and still reports; a
second one ends at once.

the load
  -c, --connections N     connections (64)
  -t, --threads N         threads (one for each CPU, never more than connections)
      --processes N       processes that share the connections; threads are then each one's (1)
  -d, --duration TIME     how long to measure (10s, or no limit where -n is given)
  -n, --requests N        end after so many requests over all connections: 10k, 1m
  -W, --warmup TIME       load before the measuring begins (0)
  -R, --rate N            open loop: so many requests a second over all connections
      --arrivals uniform|poisson
                          open loop: at even distances, or independently of each other (uniform)
      --pipeline N        most requests in flight on a connection (1; no limit with --rate)
      --think TIME        closed loop: wait so long after a reply (0)
      --reconnect-every N close a connection after so many requests and open it anew (0: never)
      --newcomers N/s     more connections, so many a second, that make one request each
  -l, --length LENGTH     bytes of a message: 64, 1k, a range 64-4k, a mix 64:90,16k:10 (64)
      --message TEXT      send a text instead: {thread}, {connection} and {n} are filled in,
                          and \n \r \t \0 \" \' \\ \xHH stand for one byte each
      --expect same|upper what comes back: the same, or upper-cased (same)
      --seed N            repeats the same lengths and arrivals (1)
      --drain TIME        how long requests in flight at the end are waited for (1s)
      --start-at TIME     begin then, with generators elsewhere: 2026-11-27T12:00:00Z, 12:00:00

connections
      --timeout TIME      for a connect, and for a reply (5s)
      --connect-rate N    open so many a second (0: up to 128 at once)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2
                          begin each connection with a PROXY header
      --proxy-sources ADDRESSES
                          invented sources for it: 10.0.0.0/16 (the socket's own)
      --max-errors N      failures that do not make the run fail (0); wrong replies always do

what is told
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr
      --csv FILE          the time series as comma-separated values; - as with --json
      --hgrm FILE         the percentile distribution as HdrHistogram's plotter reads it; - likewise
      --prometheus BIND   answer GET /metrics on HOST:PORT, :PORT or unix:/path during the run

examples:
  weir-load echo 127.0.0.1:7000
  weir-load echo -R 10k -c 100 -d 30s -W 5s -l 64-4k localhost:7000
  weir-load echo -t 500 -c 500 -n 50k --message 'Thread-{thread} say hello {n}' localhost:7000
  weir-load echo -c 8 -n 10k --message '{thread} say hello {n}\n' --expect upper localhost:7001
)";

constexpr const char* kConnectHelp = R"(usage: weir-load connect [OPTIONS] TARGET

Connects, sends one request, checks the reply, closes, and begins anew. With --rate connections are
begun when they are due, by whoever is free. Ctrl-C ends a run early and still reports; a second one
ends at once.

the load
  -c, --connections N     how many at a time (64)
  -R, --rate N            open loop: so many connections a second
  -n, --requests N        end after so many connections: 10k, 1m
      --no-exchange       only connect and close
      --close fin|rst     FIN, and wait for the peer's; or RST, which leaves no TIME_WAIT here (fin)
  -t, --threads N, --processes N, -d, --duration TIME, -W, --warmup TIME, -l, --length LENGTH,
      --arrivals uniform|poisson, --message TEXT, --expect same|upper, --seed N, --drain TIME,
      --start-at TIME
                          as for echo

connections
      --timeout TIME      for a connect, for a reply, and for the peer's FIN (5s)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2, --proxy-sources ADDRESSES
                          begin each connection with a PROXY header, from invented sources
      --max-errors N      failures that do not make the run fail (0); wrong replies always do

what is told
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr
      --csv FILE          the time series as comma-separated values; - as with --json
      --hgrm FILE         the percentile distribution as HdrHistogram's plotter reads it; - likewise
      --prometheus BIND   answer GET /metrics on HOST:PORT, :PORT or unix:/path during the run

A closed connection keeps its local port for a minute (TIME_WAIT) unless it is reset. Where the
ports run out, spread over more addresses with --source, or use --close rst.

examples:
  weir-load connect -c 50 -d 30s 127.0.0.1:7000
  weir-load connect --no-exchange --close rst --source 127.0.0.0/24 127.0.0.1:7000
)";

using Options = std::shared_ptr<LoadOptions>;

std::string message_text(const std::string& text) {
  std::string plain = unescape(text);
  if (plain.empty()) throw std::invalid_argument("needs a text of at least one byte");
  check_template(plain);
  return plain;
}

/// A rate of its own right: `100`, `2.5`, `10k`, also with the unit, `100/s`.
double rate(const std::string& text) {
  const std::string plain = text.ends_with("/s") ? text.substr(0, text.size() - 2) : text;
  double found = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), found);
  if (error != std::errc() || end != plain.data() + plain.size()) found = static_cast<double>(parse_count(plain));
  if (!(found >= 0.001 && found <= 1e9)) throw std::invalid_argument("is 0.001 to 1000m a second, not " + text);
  return found;
}

/// What goes together, and what has no use, of what echo and connect have in common.
void check_common(const CLI::App& app, const LoadOptions& options) {
  const auto given = [&app](const char* option) { return app.count(option) != 0; };
  if (given("--message") && given("--length")) {
    throw std::invalid_argument("--length has no use with --message: a text is as long as it is");
  }
  if (given("--arrivals") && !options.is_open_loop()) throw std::invalid_argument("--arrivals needs a --rate");
  if (given("--proxy-sources") && options.proxy_protocol == ProxyVersion::none) {
    throw std::invalid_argument("--proxy-sources needs --proxy-protocol v1 or v2");
  }
  if (options.processes > options.connections) {
    throw std::invalid_argument("--processes: there are fewer connections (" + std::to_string(options.connections) +
                                ") than processes");
  }
}

/// What echo and connect have in common.
void add_common(CLI::App& app, const Options& options) {
  add_target(app, options->target);
  add(app, "-c,--connections", [options](const std::string& text) {
    options->connections = static_cast<std::uint32_t>(number(text, 1, kMostConnections));
  });
  add(app, "-t,--threads",
      [options](const std::string& text) { options->threads = static_cast<unsigned>(number(text, 1, kMostThreads)); });
  add(app, "-d,--duration", [options](const std::string& text) { options->duration = positive_duration(text); });
  add(app, "-n,--requests", [options](const std::string& text) { options->requests = number(text, 1, kMostCounted); });
  add(app, "-R,--rate", [options](const std::string& text) { options->rate = rate(text); });
  add(app, "--arrivals", [options](const std::string& text) {
    options->arrivals = one_of(text, "poisson", "uniform") ? ArrivalKind::poisson : ArrivalKind::uniform;
  });
  add(app, "--drain", [options](const std::string& text) { options->drain = parse_duration(text); });
  add(app, "--processes", [options](const std::string& text) {
    options->processes = static_cast<unsigned>(number(text, 1, kMostThreads));
  });
  add(app, "--start-at", [options](const std::string& text) {
    options->start_at = parse_start(text);
    if (*options->start_at < std::chrono::system_clock::now()) throw std::invalid_argument("has passed");
  });
  add(app, "--proxy-protocol", [options](const std::string& text) {
    options->proxy_protocol = one_of(text, "v2", "v1") ? ProxyVersion::v2 : ProxyVersion::v1;
  });
  add(app, "--proxy-sources",
      [options](const std::string& text) { options->proxy_sources = SourceAddresses::parse(text); });
  add(app, "-W,--warmup", [options](const std::string& text) { options->warmup = parse_duration(text); });
  add(app, "-l,--length", [options](const std::string& text) { options->message.lengths = LengthSpec::parse(text); });
  add(app, "--message", [options](const std::string& text) { options->message.text = message_text(text); });
  add(app, "--expect", [options](const std::string& text) { options->message.upper = one_of(text, "upper", "same"); });
  add(app, "--seed", [options](const std::string& text) { options->message.seed = number(text, 0, kMostCounted); });
  add(app, "--timeout", [options](const std::string& text) { options->timeout = positive_duration(text); });
  add(app, "--source", [options](const std::string& text) { options->source = SourceAddresses::parse(text); });
  add(app, "--max-errors", [options](const std::string& text) { options->max_errors = number(text, 0, kMostCounted); });
  add(app, "-i,--interval", [options](const std::string& text) {
    options->interval = positive_duration(text);
    if (options->interval < std::chrono::milliseconds(10)) throw std::invalid_argument("is 10ms at least");
  });
  add(app, "--json", [options](const std::string& text) { options->json_file = text; });
  app.add_flag("--quiet", options->quiet);
}

std::function<Command()> declare_echo(CLI::App& app) {
  const auto options = std::make_shared<LoadOptions>();
  options->workload = Workload::echo;
  add_common(app, options);
  add(app, "--connect-rate", [options](const std::string& text) {
    options->connect_rate = static_cast<double>(number(text, 0, kMostConnections));
  });
  add(app, "--pipeline", [options](const std::string& text) {
    options->pipeline = static_cast<std::uint32_t>(number(text, 1, kMostInFlight));
  });
  add(app, "--think", [options](const std::string& text) { options->think = parse_duration(text); });
  add(app, "--reconnect-every",
      [options](const std::string& text) { options->reconnect_every = number(text, 0, kMostCounted); });
  add(app, "--newcomers", [options](const std::string& text) { options->newcomers = rate(text); });
  add_exports(app, options->exports);
  add_prometheus(app, options->prometheus);
  return [options, &app]() -> Command {
    check_common(app, *options);
    check_outputs({{"--json", options->json_file}, {"--csv", options->exports.csv}, {"--hgrm", options->exports.hgrm}});
    if (options->think.count() != 0 && options->is_open_loop()) {
      throw std::invalid_argument("--think has no use with --rate, which says when requests are due");
    }
    return *options;
  };
}

std::function<Command()> declare_connect(CLI::App& app) {
  const auto options = std::make_shared<LoadOptions>();
  options->workload = Workload::connect;
  add_common(app, options);
  app.add_flag_callback("--no-exchange", [options] { options->exchange = false; });
  add(app, "--close", [options](const std::string& text) {
    options->close_by = one_of(text, "rst", "fin") ? CloseBy::rst : CloseBy::fin;
  });
  add_exports(app, options->exports);
  add_prometheus(app, options->prometheus);
  return [options, &app]() -> Command {
    check_common(app, *options);
    check_outputs({{"--json", options->json_file}, {"--csv", options->exports.csv}, {"--hgrm", options->exports.hgrm}});
    if (!options->exchange && !options->message.text.empty()) {
      throw std::invalid_argument("--message has no use with --no-exchange");
    }
    return *options;
  };
}

}  // namespace

const Verb kEchoVerb{"echo", kEchoHelp, declare_echo};
const Verb kConnectVerb{"connect", kConnectHelp, declare_connect};

}  // namespace weir::load
