#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

/// The most that TCP_KEEPIDLE takes (tcp(7)).
constexpr std::chrono::seconds kLongestKeepalive{32'767};

constexpr const char* kIdleHelp = R"(usage: weir-load idle [OPTIONS] TARGET

Opens connections, sends nothing, and says which of them the other side ended, when and how: what an
idle timeout of a balancer, a NAT or a drain does to you. Ctrl-C ends it and reports.

  -c, --connections N     how many (64)
  -d, --duration TIME     end after that time (until all have ended, or Ctrl-C)
      --connect-rate N    open this many a second (0: up to 128 at once)
      --keepalive TIME    probe a connection that has been silent for this long, then every 10s or
                          less; after three probes without an answer it has timed out. In seconds.
                          Without it a connection that was dropped without a word looks open. But
                          probes are traffic, and a NAT may keep a connection for them
      --timeout TIME      for a connect, and for a TLS handshake (5s)
      --source ADDRESSES  local addresses to spread over: 10.0.0.1,10.0.0.2 or 127.0.0.0/24
      --proxy-protocol v1|v2, --proxy-sources ADDRESSES
                          begin each connection with a PROXY header, from invented sources
      --tls, --cacert FILE, --insecure, --sni NAME, --alpn LIST, --cert FILE, --key FILE
                          TLS, as for echo
      --max-errors N      connects and handshakes that may fail (0)
      --max-ended N       exit with 1 if the other side ended more than this many (no limit)

      --quiet             no progress on stderr
      --json FILE         the report for machines; - is stdout, and then the report for people goes
                          to stderr

examples:
  weir-load idle 127.0.0.1:7000
  weir-load idle -c 1000 -d 10m --max-ended 0 127.0.0.1:7000
  weir-load idle --keepalive 30s --json idle.json 127.0.0.1:7000

exit status: 0 fine, 1 could not run or more failed than --max-errors or more ended than
             --max-ended, 2 bad usage
)";

std::chrono::seconds keepalive(const std::string& text) {
  const std::chrono::microseconds time = parse_duration(text);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  if (seconds != time || seconds < std::chrono::seconds(1) || seconds > kLongestKeepalive) {
    throw std::invalid_argument("is whole seconds, 1s to 32767s, not " + text);
  }
  return seconds;
}

std::function<Command()> declare_idle(CLI::App& app) {
  const auto options = std::make_shared<IdleOptions>();
  add_target(app, options->target);
  add(app, "-c,--connections", [options](const std::string& text) {
    options->connections = static_cast<std::uint32_t>(number(text, 1, kMostConnections));
  });
  add(app, "-d,--duration", [options](const std::string& text) { options->duration = positive_duration(text); });
  add(app, "--connect-rate",
      [options](const std::string& text) { options->connect_rate = number(text, 0, kMostConnections); });
  add(app, "--keepalive", [options](const std::string& text) { options->keepalive = keepalive(text); });
  add(app, "--timeout", [options](const std::string& text) { options->timeout = positive_duration(text); });
  add(app, "--source", [options](const std::string& text) { options->source = SourceAddresses::parse(text); });
  add(app, "--proxy-protocol", [options](const std::string& text) {
    options->proxy_protocol = one_of(text, "v2", "v1") ? ProxyVersion::v2 : ProxyVersion::v1;
  });
  add(app, "--proxy-sources",
      [options](const std::string& text) { options->proxy_sources = SourceAddresses::parse(text); });
  add(app, "--max-errors", [options](const std::string& text) { options->max_errors = number(text, 0, kMostCounted); });
  add(app, "--max-ended", [options](const std::string& text) { options->max_ended = number(text, 0, kMostCounted); });
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::no);
  add_output(app, "--json", [options](const std::string& text) { options->json_file = text; });
  app.add_flag("--quiet", options->quiet);
  return [options, tls, &app]() -> Command {
    options->tls = tls_of(app, *tls, {&options->target});
    if (app.count("--proxy-sources") != 0 && options->proxy_protocol == ProxyVersion::none) {
      throw std::invalid_argument("--proxy-sources needs --proxy-protocol v1 or v2");
    }
    if (options->keepalive && options->target.is_unix()) {
      throw std::invalid_argument("--keepalive has no use on a unix socket");
    }
    return *options;
  };
}

}  // namespace

const Verb kIdleVerb{"idle", kIdleHelp, declare_idle};

}  // namespace weir::load
