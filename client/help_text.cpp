#include "client/help_text.hpp"

namespace weir::load {

namespace {

constexpr const char* kOverview = R"(weir-load - load for TCP services, with every byte of every reply checked

usage: weir-load VERB [OPTIONS] TARGET

  echo TARGET       requests and replies over many connections: how much, how fast, how evenly
  connect TARGET    connect, one request and reply, close, and again: how many connections a second
  chat TARGET       type lines and see the replies
  help [VERB]       this page, or all about one verb
  --version, --help

TARGET is HOST:PORT, [IPv6]:PORT, unix:/path or unix:@name.

examples:
  weir-load echo 127.0.0.1:7000
  weir-load echo -c 1000 -d 30s -W 5s -l 64:90,16k:10 --json run.json 127.0.0.1:7000
  weir-load connect -c 50 --close rst 127.0.0.1:7000
  printf 'hello\n' | weir-load chat 127.0.0.1:7000

exit status: 0 fine, 1 could not run or more failed than --max-errors, 2 bad usage, 4 a reply was wrong
)";

constexpr const char* kEcho = R"(usage: weir-load echo [OPTIONS] TARGET

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

constexpr const char* kConnect = R"(usage: weir-load connect [OPTIONS] TARGET

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

constexpr const char* kChat = R"(usage: weir-load chat [--timeout TIME] TARGET

Sends what is typed, line by line, and shows what comes back. The end of the input (Ctrl-D) is passed
on, and the rest of the replies is awaited; when the peer closes, it is over. Input may be a pipe or a
file.

      --timeout TIME      for the connect (5s)

examples:
  weir-load chat 127.0.0.1:7000
  printf 'hello\n' | weir-load chat 127.0.0.1:7000
)";

}  // namespace

std::string help_text() { return kOverview; }

std::string help_text(std::string_view verb) {
  if (verb == "echo") return kEcho;
  if (verb == "connect") return kConnect;
  if (verb == "chat") return kChat;
  return {};
}

}  // namespace weir::load
