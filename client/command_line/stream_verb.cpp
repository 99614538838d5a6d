#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::uint64_t kMostStreams = 100'000;

constexpr const char* kStreamHelp = R"(usage: weir-load stream [OPTIONS] TARGET
       weir-load stream --serve BIND [-t N] [--timeout TIME]

How many bytes a second go through, one way or both, with every byte checked by its position. TARGET
may be `weir-load stream --serve` (any direction: it checks what it gets and says so at the end), an
echo (both: what comes back is checked) or a discard (up: bytes count when they are acknowledged);
its first answer shows which. At the end each stream is half-closed, and what is still under way is
awaited. Ctrl-C ends a run early and still reports; a second one ends at once.

the load
      --direction up|down|both
                          which way, seen from here (up)
  -c, --streams N         streams at once (1)
      --pace SIZE         bytes a second of each stream, each way: 10MiB (as fast as it goes)
  -d, --duration TIME     how long to measure (10s)
  -W, --warmup TIME       load before the measuring begins (0)
  -t, --threads N         threads (one for each CPU, never more than streams)

connections
      --timeout TIME      for a connect, for a TLS handshake, for the first answer (down, both), and
                          for an end at which nothing moves (5s)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2, --proxy-sources ADDRESSES
                          begin each stream with a PROXY header, from invented sources
      --tls, --cacert FILE, --insecure, --sni NAME, --alpn LIST, --cert FILE, --key FILE
                          TLS, as for echo
      --max-errors N      failures that do not make the run fail (0); wrong bytes always do

what is reported
  -i, --interval TIME     between lines of progress on stderr, and in the report's time series (1s)
      --quiet             no progress
      --json FILE         the report for machines; - is stdout, and then the report for people goes
                          to stderr

the far end
      --serve BIND        answer streams on HOST:PORT, [IPv6]:PORT, :PORT or unix:/path until
                          Ctrl-C; port 0 takes a free one. Says on stderr where it listens, and
                          prints a line as each stream ends. Exits with 4 if a byte was wrong. Takes
                          --threads (1), and --timeout for a client's first line and for an end at
                          which nothing moves

examples:
  weir-load stream --serve :7001
  weir-load stream 127.0.0.1:7001
  weir-load stream --direction both -c 8 -d 30s --json run.json 127.0.0.1:7001
  weir-load stream --direction down --pace 10MiB -c 100 127.0.0.1:7001

exit status: 0 fine, 1 could not run or more failed than --max-errors, 2 bad usage, 4 a byte was
             wrong
)";

struct Choice {
  StreamOptions run;
  StreamServeOptions serve;
  TlsArguments tls;
  bool serves = false;
};

Direction direction(const std::string& text) {
  if (text == "both") return Direction::both;
  if (text == "up" || text == "down") return text == "up" ? Direction::up : Direction::down;
  throw std::invalid_argument("is up, down or both, not " + text);
}

std::uint64_t pace(const std::string& text) {
  const std::uint64_t rate = parse_size(text);
  if (rate < 1 || rate > std::uint64_t{1} << 40) throw std::invalid_argument("is 1 to 1024GiB a second, not " + text);
  return rate;
}

void check(const CLI::App& app, const Choice& choice) {
  const auto given = [&app](const char* option) { return app.count(option) != 0; };
  if (choice.serves) {
    for (const CLI::Option* option : app.get_options()) {
      const std::string name = option->get_name();
      if (option->count() == 0 || name == "--serve" || name == "--threads" || name == "--timeout") continue;
      if (name == "--tls") throw std::invalid_argument("--tls has no use with --serve, which speaks plain TCP alone");
      throw std::invalid_argument(name + " has no use with --serve: the client says what it wants");
    }
    return;
  }
  if (!given("TARGET")) throw std::invalid_argument("needs a TARGET, or --serve BIND");
  if (given("--proxy-sources") && choice.run.proxy_protocol == ProxyVersion::none) {
    throw std::invalid_argument("--proxy-sources needs --proxy-protocol v1 or v2");
  }
}

std::function<Command()> declare_stream(CLI::App& app) {
  const auto choice = std::make_shared<Choice>();
  StreamOptions& run = choice->run;
  add_target(app, run.target);
  app.get_option("TARGET")->required(false);
  add(app, "--serve", [choice](const std::string& text) {
    choice->serve.bind = parse_address(text, AddressUse::bind);
    choice->serves = true;
  });
  add(app, "--direction", [&run](const std::string& text) { run.direction = direction(text); });
  add(app, "-c,--streams",
      [&run](const std::string& text) { run.streams = static_cast<std::uint32_t>(number(text, 1, kMostStreams)); });
  add(app, "--pace", [&run](const std::string& text) { run.pace = pace(text); });
  add(app, "-d,--duration", [&run](const std::string& text) { run.duration = positive_duration(text); });
  add(app, "-W,--warmup", [&run](const std::string& text) { run.warmup = parse_duration(text); });
  add(app, "-t,--threads", [choice](const std::string& text) {
    choice->run.threads = choice->serve.threads = static_cast<unsigned>(number(text, 1, kMostThreads));
  });
  add(app, "--timeout",
      [choice](const std::string& text) { choice->run.timeout = choice->serve.timeout = positive_duration(text); });
  add(app, "--source", [&run](const std::string& text) { run.source = SourceAddresses::parse(text); });
  add(app, "--proxy-protocol", [&run](const std::string& text) {
    run.proxy_protocol = one_of(text, "v2", "v1") ? ProxyVersion::v2 : ProxyVersion::v1;
  });
  add(app, "--proxy-sources", [&run](const std::string& text) { run.proxy_sources = SourceAddresses::parse(text); });
  add(app, "--max-errors", [&run](const std::string& text) { run.max_errors = number(text, 0, kMostCounted); });
  add(app, "-i,--interval", [&run](const std::string& text) {
    run.interval = positive_duration(text);
    if (run.interval < std::chrono::milliseconds(10)) throw std::invalid_argument("is 10ms at least");
  });
  add_tls(app, choice->tls, Resumes::no);
  add_output(app, "--json", [&run](const std::string& text) { run.json_file = text; });
  app.add_flag("--quiet", run.quiet);
  return [choice, &app]() -> Command {
    check(app, *choice);
    if (choice->serves) return choice->serve;
    choice->run.tls = tls_of(app, choice->tls, {&choice->run.target});
    return choice->run;
  };
}

}  // namespace

const Verb kStreamVerb{"stream", kStreamHelp, declare_stream};

}  // namespace weir::load
