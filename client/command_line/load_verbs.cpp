#include <memory>

#include "client/command_line/ab_options.hpp"
#include "client/command_line/export_options.hpp"
#include "client/command_line/faults_arguments.hpp"
#include "client/command_line/plan.hpp"
#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr const char* kEchoHelp = R"(usage: weir-load echo [OPTIONS] TARGET
       weir-load echo [OPTIONS] --via PROXY --direct TARGET
       weir-load echo --expect-faults FILE [OPTIONS] TARGET

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
  -n, --requests N        end after this many requests over all connections: 10k, 1m
  -W, --warmup TIME       load before the measuring begins (0)
  -R, --rate N            open loop: this many requests a second over all connections
      --arrivals uniform|poisson
                          open loop: at even distances, or independently of each other (uniform)
      --pipeline N        most requests in flight on a connection (1; no limit with --rate)
      --think TIME        closed loop: wait this long after a reply (0)
      --reconnect-every N close a connection after this many requests and reopen it (0: never)
      --newcomers N/s     more connections, this many a second, that make one request each
  -l, --length LENGTH     bytes of a message: 64, 1k, a range 64-4k, a mix 64:90,16k:10 (64)
      --message TEXT      send a text instead: {thread}, {connection} and {n} are filled in,
                          and \n \r \t \0 \" \' \\ \xHH stand for one byte each
      --expect same|upper what comes back: the same, or upper-cased (same)
      --seed N            repeats the same lengths and arrivals (1)
      --drain TIME        how long requests in flight at the end are waited for (1s)
      --start-at TIME     begin then, with generators elsewhere: 2026-11-27T12:00:00Z, 12:00:00

connections
      --timeout TIME      for a connect, for a TLS handshake, and for a reply (5s)
      --connect-rate N    open this many a second (0: up to 128 at once)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2
                          begin each connection with a PROXY header
      --proxy-sources ADDRESSES
                          invented sources for it: 10.0.0.0/16 (the socket's own)
      --max-errors N      failures that do not make the run fail (0); wrong replies always do
      --slo LIST          what must hold, else the exit status is 3: p99=5ms,p99.9=20ms,mean=1ms,
                          max=1s,errors=0.1%,errors=3,rate=10k,rate=99% (of --rate)

TLS
      --tls               speak TLS, 1.2 or 1.3
      --cacert FILE       who may have signed the target's certificate, PEM (those of the system)
      --insecure          do not look at the certificate
      --sni NAME          the name to ask for, which the certificate must be for (TARGET's host)
      --alpn LIST         protocols to offer: postgresql, or h2,http/1.1 (none)
      --cert FILE, --key FILE
                          a certificate to show with its chain, and its key, PEM; the key may stand
                          in the same file
      --resume            resume the session of a connection before, where the target lets it

what is reported
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr
      --html FILE         the report as one page that shows all of it
      --csv FILE          the time series as comma-separated values; - as with --json
      --hgrm FILE         the percentile distribution as HdrHistogram's plotter reads it; - likewise
      --prometheus BIND   answer GET /metrics on HOST:PORT, :PORT or unix:/path during the run

what a proxy adds
      --via PROXY --direct TARGET
                          in place of TARGET: the same load on both in turn (20s in all), and what
                          the way through the proxy adds to each percentile
      --pid PID           of the proxy on this machine: what it needs of the processors
      --block TIME, --smallest-effect PERCENT, --max-regression LIST, --anyway
                          as for ab

announced faults
      --expect-faults FILE
                          in place of a load: opens -c connections one after another and checks that
                          each of them meets exactly the faults announced for it, and the others
                          none. FILE is what weir faults --json printed; - is stdin
      --faults-listener NAME
                          of FILE's listeners the one that TARGET is (the only one that has faults)
      --faults-proxy      it is a proxy before an echo: upstream and downstream are two ways
      --first-number N    the number that the first connection has among all that came to the
                          listener (1)

examples:
  weir-load echo 127.0.0.1:7000
  weir-load echo --tls --cacert ca.pem db.example:7000
  weir-load echo --via 127.0.0.1:7002 --direct 127.0.0.1:7000 -R 5k
  weir-load echo -R 10k -c 100 -d 30s -W 5s -l 64-4k localhost:7000
  weir-load echo -t 500 -c 500 -n 50k --message 'Thread-{thread} say hello {n}' localhost:7000
  weir-load echo -c 8 -n 10k --message '{thread} say hello {n}\n' --expect upper localhost:7001
  weir faults --json | weir-load echo --expect-faults - -c 200 127.0.0.1:7000

exit status: 0 fine, 1 could not run or more failed than --max-errors, 2 bad usage, 3 --slo was not
             met or, with --via, a limit exceeded, 4 a reply was wrong or, with --expect-faults, a
             connection met something else than was announced
)";

constexpr const char* kConnectHelp = R"(usage: weir-load connect [OPTIONS] TARGET

Connects, sends one request, checks the reply, closes, and starts again. With --rate connections are
begun when they are due, by whichever slot is free. Ctrl-C ends a run early and still reports; a
second one ends at once.

the load
  -c, --connections N     how many at a time (64)
  -R, --rate N            open loop: this many connections a second
  -n, --requests N        end after this many connections: 10k, 1m
      --no-exchange       only connect and close
      --close fin|rst     FIN, and wait for the peer's; or RST, which leaves no TIME_WAIT here (fin)
  -t, --threads N, --processes N, -d, --duration TIME, -W, --warmup TIME, -l, --length LENGTH,
      --arrivals uniform|poisson, --message TEXT, --expect same|upper, --seed N, --drain TIME,
      --start-at TIME
                          as for echo

connections
      --timeout TIME      for a connect, a TLS handshake, a reply, and the peer's FIN (5s)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2, --proxy-sources ADDRESSES
                          begin each connection with a PROXY header, from invented sources
      --max-errors N      failures that do not make the run fail (0); wrong replies always do
      --slo LIST          what must hold, else the exit status is 3: p99=5ms,p99.9=20ms,mean=1ms,
                          max=1s,errors=0.1%,errors=3,rate=10k,rate=99% (of --rate)

TLS
      --tls               speak TLS, 1.2 or 1.3
      --cacert FILE       who may have signed the target's certificate, PEM (those of the system)
      --insecure          do not look at the certificate
      --sni NAME          the name to ask for, which the certificate must be for (TARGET's host)
      --alpn LIST         protocols to offer: postgresql, or h2,http/1.1 (none)
      --cert FILE, --key FILE
                          a certificate to show with its chain, and its key, PEM; the key may stand
                          in the same file
      --resume            resume the session of the slot's connection before: the target still makes
                          a handshake, but signs nothing

what is reported
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines, with whole histograms; - is stdout, and then the
                          report for people goes to stderr
      --html FILE         the report as one page that shows all of it
      --csv FILE          the time series as comma-separated values; - as with --json
      --hgrm FILE         the percentile distribution as HdrHistogram's plotter reads it; - likewise
      --prometheus BIND   answer GET /metrics on HOST:PORT, :PORT or unix:/path during the run

A closed connection keeps its local port for a minute (TIME_WAIT) unless it is reset. Where the
ports run out, spread over more addresses with --source, or use --close rst.

With --tls it measures handshakes: how many a second, in full and resumed, and how long they take.

examples:
  weir-load connect -c 50 -d 30s 127.0.0.1:7000
  weir-load connect --no-exchange --close rst --source 127.0.0.0/24 127.0.0.1:7000
  weir-load connect --tls --resume -c 50 db.example:7000

exit status: 0 fine, 1 could not run or more failed than --max-errors, 2 bad usage, 3 --slo was not
             met, 4 a reply was wrong
)";

void check_outputs_of(const LoadOptions& options) {
  check_outputs({{"--json", options.json_file},
                 {"--html", options.html_file},
                 {"--csv", options.exports.csv},
                 {"--hgrm", options.exports.hgrm}});
}

std::function<Command()> declare_echo(CLI::App& app) {
  const auto options = std::make_shared<LoadOptions>();
  options->workload = Workload::echo;
  CLI::Option* const target = add_target(app, options->target)->required(false);
  add_plan(app, options);
  add_echo_plan(app, options);
  add_exports(app, options->exports);
  add_prometheus(app, options->prometheus);
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::yes);
  const auto ab = std::make_shared<AbOptions>();
  add_address(app, "--via", ab->b);
  add_address(app, "--direct", ab->a);
  add_ab_options(app, ab);
  const auto faults = std::make_shared<FaultsOptions>();
  add_faults(app, faults);
  return [options, ab, tls, target, faults, &app]() -> Command {
    const bool via = app.count("--via") != 0;
    const bool expects_faults = asks_for_faults(app);
    if (via != (app.count("--direct") != 0)) {
      throw std::invalid_argument("--via PROXY and --direct TARGET go together: the same load is put on both");
    }
    if (via && target->count() != 0) throw std::invalid_argument("TARGET has no use with --via and --direct");
    if (!via && target->count() == 0) throw CLI::RequiredError("TARGET");
    if (expects_faults && !via) {
      FaultsOptions expected = faults_of(app, *faults, *options);
      check_plan(app, *options);
      return expected;
    }
    if (via && expects_faults) throw std::invalid_argument("--expect-faults needs a TARGET, not --via and --direct");
    check_plan(app, *options);
    check_outputs_of(*options);
    options->tls = via ? tls_of(app, *tls, {&ab->a, &ab->b}) : tls_of(app, *tls, {&options->target});
    if (!via) {
      check_ab_is_absent(app);
      return *options;
    }
    ab->question = Question::via;
    return ab_of(app, *ab, *options);
  };
}

std::function<Command()> declare_connect(CLI::App& app) {
  const auto options = std::make_shared<LoadOptions>();
  options->workload = Workload::connect;
  add_target(app, options->target);
  add_plan(app, options);
  app.add_flag_callback("--no-exchange", [options] { options->exchange = false; });
  add(app, "--close", [options](const std::string& text) {
    options->close_by = one_of(text, "rst", "fin") ? CloseBy::rst : CloseBy::fin;
  });
  add_exports(app, options->exports);
  add_prometheus(app, options->prometheus);
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::yes);
  return [options, tls, &app]() -> Command {
    check_plan(app, *options);
    check_outputs_of(*options);
    options->tls = tls_of(app, *tls, {&options->target});
    if (options->tls && options->tls->resume && !options->exchange && options->close_by == CloseBy::rst) {
      throw std::invalid_argument(
          "--resume has no use with --no-exchange and --close rst: sessions come after the handshake");
    }
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
