#include "server/help_admin.hpp"

#include <array>
#include <utility>

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kAdminVerbHelp{{
    {"status", R"(usage: weir status [ADMIN] [--watch | --json] [--token-file FILE]

Shows what a running daemon does: its listeners, its backends with the time of
their connects, why connections failed in the last five minutes, which clients
do not read, and which sources have the most connections. A backend is marked
"slow" if its p99 is 100 ms or more, or four times that of the fastest backend
of its upstream. Sizes are bytes: 1.5K is 1536.

  --watch                     again each second, until Ctrl-C
  --json                      what GET /api/v1/status answers
  --token-file FILE           a file that holds the token of the endpoint
                              (WEIR_ADMIN_TOKEN_FILE in the environment)

ADMIN is HOST:PORT, http://HOST:PORT, unix:/path or unix:@name. It defaults to
WEIR_ADMIN in the environment, else to admin.bind in /etc/weir/weir.yaml, else
to 127.0.0.1:9900.

examples:
  weir status --watch
  weir status unix:/run/weir/admin.sock

exit status: 0 done, 1 nobody answers or the endpoint refuses, 2 bad usage
)"},
    {"connections", R"(usage: weir connections [ADMIN] [FILTER...] [--watch | --json]

Lists the live connections of a running daemon, the newest first. KEPT is what
was read for a side and what that side has not acknowledged; SLOW SIDE is the
side that takes no more. A wider terminal shows more columns.

  --listener NAME             only those of this listener
  --upstream NAME             only those to this upstream
  --backend ADDRESS           only those to this backend
  --source ADDRESS            only those from this address or range (10.0.0.0/8)
  --min-age 1h                only those that are at least this old
  --min-idle 30s              only those on which no byte moved for this long
  --min-rate 1MiB             only those that move at least this much a second
  --slow                      only those that a side holds up by not
                              reading
  --sort id|age|idle|rate|bytes|kept|rtt|retransmits
                              by this, the greatest first
  --ascending                 the least first
  --limit N                   at most this many (100; up to 1000)
  --watch                     again each second, until Ctrl-C
  --json                      what GET /api/v1/connections answers
  --token-file FILE, ADMIN    see: weir help status

examples:
  weir connections --sort kept          which client does not read?
  weir connections --source 10.1.0.0/16 --min-idle 10m
)"},
    {"kill", R"(usage: weir kill ID [ADMIN] [--token-file FILE]

Ends a connection of a running daemon, with a RST if it is in the middle of
something. Its record says killed. ID is what weir connections and the log call
it. For ADMIN see: weir help status

exit status: 0 done, 1 no such connection or nobody answers, 2 bad usage
)"},
    {"drain-backend", R"(usage: weir drain-backend UPSTREAM ADDRESS [ADMIN] [--token-file FILE]

Gives a backend no new connections; it keeps those that it has. This holds until
weir enable-backend, or until the daemon ends. ADDRESS is what weir status calls
the backend. For ADMIN see: weir help status

example:
  weir drain-backend postgres 10.0.0.5:5432

exit status: 0 done, 1 no such backend or nobody answers, 2 bad usage
)"},
    {"enable-backend", R"(usage: weir enable-backend UPSTREAM ADDRESS [ADMIN] [--token-file FILE]

Gives a drained backend new connections again. For ADMIN see:
weir help status

exit status: 0 done, 1 no such backend or nobody answers, 2 bad usage
)"},
    {"drain-listener", R"(usage: weir drain-listener NAME [ADMIN] [--token-file FILE]

Closes the listening sockets of a listener: newcomers are refused as if nobody
listened, and its connections go on. The daemon stays ready. This holds until
weir enable-listener, over reloads, or until the daemon ends.
For ADMIN see: weir help status

exit status: 0 done, 1 no such listener or nobody answers, 2 bad usage
)"},
    {"enable-listener", R"(usage: weir enable-listener NAME [ADMIN] [--token-file FILE]

Opens the sockets of a drained listener again, at the addresses of the
configuration. If that fails, the listener stays drained. For ADMIN see:
weir help status

exit status: 0 done, 1 it cannot listen, no such listener or nobody answers,
  2 bad usage
)"},
    {"faults", R"(usage: weir faults [ADMIN] [--json] [--token-file FILE]
       weir faults set LISTENER NAME KIND [KEY=VALUE...] [OPTION...]
       weir faults clear [LISTENER [NAME]] [--admin ADMIN]

Lists the faults of a running daemon: harm that it does to connections on
purpose. "set" sets one, in place of the listener's one of that name; it goes by
itself after --for, or after faults.max_for of the configuration. "clear" takes
one away, or all. Those of the configuration come back with the next reload. The
daemon refuses all this unless its configuration has a section faults.

  --percent 20                only so many percent of connections (100)
  --for 10m                   for so long
  --direction upstream|downstream|both
                              from clients, to them (the default), or both
  --source 10.0.0.0/8         only connections from there; repeatable
  --key connection|source     draw for each connection, or once for a source
  --json                      what GET /api/v1/faults answers
  --admin ADMIN               which daemon, where ADMIN cannot stand alone
  --token-file FILE, ADMIN    see: weir help status

KIND is one of
  latency delay=50ms [jitter=10ms] [distribution=normal]   bytes arrive later
  bandwidth 100KB/s           bytes arrive at this rate
  slice size=100 [variation=50] [delay=1ms]   they arrive in slices
  stall after=64KiB for=5s [every=1MiB] [probability=0.1]   they stop for a time
  reset [after_bytes=1MiB] [after=5s]   both sides get a RST
  end [after_bytes=1MiB] [after=5s]   both sides get a FIN
  slow_close 1s               a FIN arrives later
  refuse                      clients get a RST at once
  connect [delay=5s] [fail]   the service begins later, or not at all
  half_open                   nothing passes any more
  corrupt [per_bytes=64KiB]   one bit of each block is turned

examples:
  weir faults set db slow latency delay=50ms jitter=10ms --percent 20 --for 10m
  weir faults set db cut reset after_bytes=64KiB --source 10.1.0.0/16
  weir faults clear db slow

exit status: 0 done, 1 refused, or nobody answers; 2 bad usage
)"},
    {"reload", R"(usage: weir reload [ADMIN] [--dry-run] [--token-file FILE]

Makes a running daemon load its configuration file again, waits until that is
done, and prints what has changed. A file with a problem is refused whole: the
daemon goes on as before, and the problems are on stderr. Connections are not
dropped. It is the file that the daemon was started with, and its --set holds.

  --dry-run                   prints what would change, and changes nothing
  --token-file FILE, ADMIN    see: weir help status

  - goes   ~ changes   + comes

exit status: 0 applied, or nothing differs; 1 refused, or nobody answers;
  2 bad usage
)"},
    {"upgrade", R"(usage: weir upgrade [ADMIN] [--token-file FILE]

Makes a running daemon start the program that is on the disk now, under the path
and with the arguments that it was started with itself, and waits until
that one serves. The new process takes the listening sockets over, with whoever
is queued on them, so no connection is refused. The old one serves those that it
has, for drain_timeout at most, and then ends. If the new program fails,
refuses the configuration, or is not ready within upgrade_timeout, the old one
goes on as before, and the reasons are on stderr. SIGUSR2 does the same.

  --token-file FILE, ADMIN    see: weir help status

exit status: 0 another process serves; 1 the upgrade failed, or nobody answers;
  2 bad usage
)"},
}};

}  // namespace

std::string_view admin_help_text(std::string_view verb) {
  for (const auto& [name, text] : kAdminVerbHelp) {
    if (name == verb) return text;
  }
  return "";
}

}  // namespace weir
