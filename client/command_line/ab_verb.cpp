#include <memory>

#include "client/command_line/ab_options.hpp"
#include "client/command_line/plan.hpp"
#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

constexpr const char* kAbHelp = R"(usage: weir-load ab [OPTIONS] --a TARGET --b TARGET

Puts one load on two targets in turn, block by block, so that the machine's moods affect both, and
compares them at once: for each percentile and the rate, how B differs from A and whether that is
chance. Each block opens its own connections. Ctrl-C ends it early and still compares.

      --a TARGET, --b TARGET
                          the two, as HOST:PORT, unix:/path and so on
  -d, --duration TIME     of both together (20s)
      --block TIME        on one before it is the other's turn (a twentieth of the duration)
      --smallest-effect PERCENT
                          a change that matters (5%)
      --max-regression LIST
                          by how much B may be worse: p99=10%,p50=200us,rate=5%,errors=0.1%,
                          wrong=0; beyond that, and if it is not chance, the exit status is 3
      --anyway            judge the limits even where the generator was the limit
  -c, --connections N, -t, --threads N, -R, --rate N, --arrivals uniform|poisson, --pipeline N,
      --think TIME, --reconnect-every N, --newcomers N/s, -l, --length LENGTH, --message TEXT,
      --expect same|upper, --seed N, --drain TIME, --timeout TIME, --connect-rate N,
      --source ADDRESSES, --proxy-protocol v1|v2, --proxy-sources ADDRESSES, -W, --warmup TIME
                          the load, as for echo; the warmup is that of each block (a tenth of it)
      --tls, --cacert FILE, --insecure, --sni NAME, --alpn LIST, --cert FILE, --key FILE, --resume
                          TLS, as for echo
      --max-errors N      failures that do not make it fail (0); wrong replies always do
      --quiet             no progress
      --json FILE         the comparison for machines; - is stdout, and then the text goes to stderr
      --html FILE         the comparison as a page

examples:
  weir-load ab --a 10.0.0.1:7000 --b 10.0.0.2:7000 -R 5k
  weir-load ab --a localhost:7000 --b localhost:7001 -d 60s --max-regression p99=10%

exit status: 0 fine, 1 could not run or more failed than --max-errors or the limits could not be
             judged, 2 bad usage, 3 a limit was exceeded, 4 a reply was wrong
)";

std::function<Command()> declare_ab(CLI::App& app) {
  const auto plan = std::make_shared<LoadOptions>();
  const auto ab = std::make_shared<AbOptions>();
  add_address(app, "--a", ab->a);
  add_address(app, "--b", ab->b);
  add_plan(app, plan);
  add_echo_plan(app, plan);
  add_ab_options(app, ab);
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::yes);
  leave_out(app, {"--processes", "--start-at", "--requests", "--slo", "--interval", "--pid"});
  return [plan, ab, tls, &app]() -> Command {
    for (const char* side : {"--a", "--b"}) {
      if (app.count(side) == 0) throw CLI::RequiredError(side);
    }
    check_plan(app, *plan);
    plan->tls = tls_of(app, *tls, {&ab->a, &ab->b});
    return ab_of(app, *ab, *plan);
  };
}

}  // namespace

const Verb kAbVerb{"ab", kAbHelp, declare_ab};

}  // namespace weir::load
