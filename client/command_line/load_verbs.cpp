#include <memory>

#include "client/command_line/verb.hpp"
#include "common/escapes.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::uint64_t kMostConnections = 1'000'000;
constexpr std::uint64_t kMostThreads = 1024;

constexpr const char* kEchoHelp = R"(usage: weir-load echo [OPTIONS] TARGET

Opens connections to a service that sends back what it gets. Each sends a request, waits for the
whole reply, checks every byte and sends the next one (a closed loop). Ctrl-C ends a run early and
still reports; a second one ends at once.

the load
  -c, --connections N     connections (64)
  -t, --threads N         threads (one for each CPU, never more than connections)
  -d, --duration TIME     how long to measure (10s, or no limit where -n is given)
  -n, --requests N        end after so many requests over all connections: 10k, 1m
  -W, --warmup TIME       load before the measuring begins (0)
  -l, --length LENGTH     bytes of a message: 64, 1k, a range 64-4k, a mix 64:90,16k:10 (64)
      --message TEXT      send a text instead: {thread}, {connection} and {n} are filled in,
                          and \n \r \t \0 \" \' \\ \xHH stand for one byte each
      --expect same|upper what comes back: the same, or upper-cased (same)
      --seed N            repeats the same lengths (1)

connections
      --timeout TIME      for a connect, and for a reply (5s)
      --connect-rate N    open so many a second (0: up to 128 at once)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --max-errors N      failures that do not make the run fail (0); wrong replies always do

what is told
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr

examples:
  weir-load echo 127.0.0.1:7000
  weir-load echo -c 1000 -d 30s -W 5s -l 64-4k localhost:7000
  weir-load echo -c 8 -n 10k --message '{thread} say hello {n}\n' --expect upper localhost:7001
)";

constexpr const char* kConnectHelp = R"(usage: weir-load connect [OPTIONS] TARGET

Connects, sends one request, checks the reply, closes, and begins anew. Ctrl-C ends a run early and
still reports; a second one ends at once.

the load
  -c, --connections N     how many at a time (64)
  -t, --threads N         threads (one for each CPU, never more than connections)
  -d, --duration TIME     how long to measure (10s, or no limit where -n is given)
  -n, --requests N        end after so many connections: 10k, 1m
  -W, --warmup TIME       load before the measuring begins (0)
  -l, --length LENGTH     bytes of the message: 64, 1k, a range 64-4k, a mix 64:90,16k:10 (64)
      --no-exchange       only connect and close
      --close fin|rst     FIN, and wait for the peer's; or RST, which leaves no TIME_WAIT here (fin)
      --message TEXT, --expect same|upper, --seed N
                          as for echo

connections
      --timeout TIME      for a connect, for a reply, and for the peer's FIN (5s)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --max-errors N      failures that do not make the run fail (0); wrong replies always do

what is told
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr

A closed connection keeps its local port for a minute (TIME_WAIT) unless it is reset. Where the ports
run out, spread over more addresses with --source, or use --close rst.

examples:
  weir-load connect -c 50 -d 30s 127.0.0.1:7000
  weir-load connect --no-exchange --close rst --source 127.0.0.0/24 127.0.0.1:7000
)";

using Options = std::shared_ptr<LoadOptions>;

std::string message_text(const std::string& text) {
  std::string plain = unescape(text);
  if (plain.empty()) throw std::invalid_argument("needs a text of at least one byte");
  return plain;
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
  add(app, "--connect-rate",
      [options](const std::string& text) { options->connect_rate = number(text, 0, kMostConnections); });
  return [options]() -> Command { return *options; };
}

std::function<Command()> declare_connect(CLI::App& app) {
  const auto options = std::make_shared<LoadOptions>();
  options->workload = Workload::connect;
  add_common(app, options);
  app.add_flag_callback("--no-exchange", [options] { options->exchange = false; });
  add(app, "--close", [options](const std::string& text) {
    options->close_by = one_of(text, "rst", "fin") ? CloseBy::rst : CloseBy::fin;
  });
  return [options]() -> Command {
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
