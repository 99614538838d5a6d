#include "server/help_text.hpp"

#include <array>
#include <utility>

#include "server/help_admin.hpp"

namespace weir {
namespace {

constexpr const char* kOverview = R"(weir - a TCP echo and proxy server

usage: weir VERB [OPTIONS]

  run [FILE] [--watch]        serve a configuration file (/etc/weir/weir.yaml)
  echo [BIND] [--upper]       send back what comes in; no file needed
  discard [BIND]              read and throw away; no file needed
  proxy BIND TARGET...        forward to the targets in turn; no file needed
  check [FILE]                validate a file; --diff says what a reload changes
  config [FILE]               print a file's effective configuration
  healthcheck [TARGET]        succeed if TARGET or the running daemon is healthy
  status [ADMIN]              what a running daemon does; --watch redraws it
  connections [ADMIN]         its live connections, filtered and sorted
  kill ID [ADMIN]             end one of them
  drain-backend UPSTREAM ADDRESS [ADMIN]    give a backend no new connections
  enable-backend UPSTREAM ADDRESS [ADMIN]   give it new connections again
  drain-listener NAME [ADMIN]               let a listener refuse newcomers
  enable-listener NAME [ADMIN]              let it take newcomers again
  faults [ADMIN]              harm that is done on purpose: list, set, clear
  reload [ADMIN]              load the configuration file again, and wait
  upgrade [ADMIN]             replace it by the program on the disk, and wait
  help [VERB]                 this page, or all about one verb

  --set path.to.key=value     override a key of the configuration; repeatable
  WEIR_SET_path_to_key=value  the same by the environment; --set goes before it
  --admin BIND                echo, discard, proxy: open an admin endpoint there
  --version [--verbose], --help

BIND is HOST:PORT, [IPv6]:PORT, :PORT (all addresses), unix:/path, unix:@name or
fd:NAME (of systemd); 127.0.0.1:7000 by default, and port 0 picks a free one.
TARGET is the same, but needs a host and a port. Both may have a range of ports,
HOST:7000-7010; each port goes to the one at its place, or all to one. ADMIN is
the TARGET of a daemon's admin endpoint: weir help status. -c FILE means FILE.

examples:
  weir echo :7000
  weir proxy :5433 10.0.0.5:5432 10.0.0.6:5432
  weir check -c weir.yaml && weir run -c weir.yaml --set log.level=debug

SIGTERM and SIGINT drain: accepting stops, connections may end. A second one
stops at once. SIGHUP reloads, SIGUSR1 reopens log files, SIGUSR2 upgrades.
exit status: 0 done or drained, 1 failed, 2 bad usage or bad configuration
)";

constexpr std::array<std::pair<std::string_view, const char*>, 8> kVerbHelp{{
    {"run", R"(usage: weir run [[-c] FILE] [--watch] [--set path.to.key=value]...

Serves what the configuration file says until SIGTERM or SIGINT.

  -c, --config FILE           the configuration (/etc/weir/weir.yaml)
  --watch                     reload it when the file, or one that it names, changes; a file that
                              has a problem is refused, and what ran before goes on
  --set path.to.key=value     override a key; items of lists go by name or index

examples:
  weir run -c weir.yaml
  weir run -c weir.yaml --set workers=4 --set listeners.db.timeouts.idle=1h
  weir run weir.yaml --watch
)"},
    {"check", R"(usage: weir check [[-c] FILE] [--set path.to.key=value]...
       weir check [[-c] FILE] --diff [ADMIN] [--token-file FILE]

Validates a configuration and prints how many connections fit into this machine's descriptors
and memory, and what it will lack here. Every problem is reported, each on its own line of stderr:

  FILE:LINE:COL: path.to.key: what is wrong, and what would be right

With --diff it asks a running daemon instead, and prints what a reload of FILE would change of
what that daemon runs, and how many connections it touches; nothing changes. Repeat the --set
of the daemon. Only the daemon itself knows whether the sockets can be opened: weir reload --dry-run.

  -c, --config FILE           the configuration (/etc/weir/weir.yaml)
  --set path.to.key=value     override a key; items of lists go by name or index
  --diff [ADMIN]              ADMIN as in weir help status, but without WEIR_ADMIN it is the
                              admin.bind of FILE
  --token-file FILE           with --diff: the token, as in weir help status

  ! cannot change while the daemon runs   - goes   ~ changes   + comes

examples:
  weir check weir.yaml
  weir check weir.yaml --diff; [ $? -eq 3 ] && weir reload

exit status: 0 fine, 2 bad usage, or the configuration has problems
  with --diff: 0 nothing would change, 3 something would, 1 a reload would be refused or nobody answers
)"},
    {"config", R"(usage: weir config [[-c] FILE] [--set path.to.key=value]...

Prints the effective configuration as YAML with every default filled in.

  -c, --config FILE           the configuration (/etc/weir/weir.yaml)
  --set path.to.key=value     override a key; items of lists go by name or index

example:
  weir config -c weir.yaml --set workers=4 > effective.yaml
)"},
    {"echo", R"(usage: weir echo [BIND] [--upper] [--admin BIND] [--set path.to.key=value]...

Sends back every byte that comes in. Needs no file; BIND defaults to 127.0.0.1:7000.

  --upper                     ASCII letters come back in upper case
  --admin BIND                open the admin endpoint there: status page, metrics and API
  --set path.to.key=value     override a key; the listener's name is echo

examples:
  weir echo
  weir echo :7000 --admin 127.0.0.1:9900 --set listeners.echo.timeouts.idle=1m
)"},
    {"discard", R"(usage: weir discard [BIND] [--admin BIND] [--set path.to.key=value]...

Reads every byte and throws it away. Needs no file; BIND defaults to 127.0.0.1:7000.

  --admin BIND                open the admin endpoint there: status page, metrics and API
  --set path.to.key=value     override a key; the listener's name is discard

example:
  weir discard unix:/run/sink.sock
)"},
    {"proxy", R"(usage: weir proxy BIND TARGET [TARGET...] [--admin BIND] [--set path.to.key=value]...

Forwards each connection to one of the targets, in turn. Needs no file.

  --admin BIND                open the admin endpoint there: status page, metrics and API
  --set path.to.key=value     override a key; the listener's name is proxy, the upstream's is backend

examples:
  weir proxy :5433 10.0.0.5:5432 10.0.0.6:5432
  weir proxy 127.0.0.1:7000-7010 10.0.0.5:8000-8010
  weir proxy unix:/run/db.sock db.internal:5432 --set upstreams.backend.connect.attempts=1
)"},
    {"healthcheck", R"(usage: weir healthcheck [TARGET]

Succeeds if TARGET accepts a connection within 2 s. An http://HOST:PORT[/path] must also answer
GET with 200; the path defaults to /readyz. The reason for a failure is on stderr.

Without TARGET it is WEIR_HEALTH of the environment, or else the daemon that runs here: process 1
of a container, or the one weir that serves. Its admin endpoint is asked for /readyz. Where it
has none, it must listen anywhere: the kernel is asked, so that the daemon has no record of a
connection.

examples:
  weir healthcheck
  weir healthcheck 127.0.0.1:7000
  weir healthcheck http://127.0.0.1:9900/readyz

exit status: 0 healthy, 1 not healthy, 2 bad usage
)"},
    {"help", R"(usage: weir help [VERB]

Prints the overview, or all about one verb.
)"},
}};

}  // namespace

std::string help_text() { return kOverview; }

std::string help_text(std::string_view verb) {
  for (const auto& [name, text] : kVerbHelp) {
    if (name == verb) return text;
  }
  return std::string(admin_help_text(verb));
}

}  // namespace weir
