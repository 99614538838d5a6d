#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/plan.hpp"
#include "client/command_line/tls_arguments.hpp"
#include "client/command_line/verb.hpp"

namespace weir::load {

namespace {

constexpr const char* kCapacityHelp = R"(usage: weir-load capacity [OPTIONS] TARGET

Finds the highest rate of requests that still meets an SLO: a closed loop first shows how much there
may be, then rates are tried in open loops, upward until one does not meet it, and then between the
two. A rate that fails is tried once more, so that a moment's stall decides nothing. Says what gave
way beyond it. Ctrl-C ends the search and reports what is known by then.

      --slo LIST          what must hold: p99=5ms,p99.9=20ms,errors=0. Beside it the target must
                          keep up with the rate (99%), and no queue may grow (no errors)
      --step TIME         hold each rate at least this long (3s), longer if a percentile needs it
      --precision PERCENT how near the two rates are to be, the one met and the one not (2%)
      --most N            try no rate beyond it
  -c, --connections N, -t, --threads N, --arrivals uniform|poisson, --pipeline N,
      --reconnect-every N, -l, --length LENGTH, --message TEXT, --expect same|upper, --seed N,
      --drain TIME, --timeout TIME, --connect-rate N, --source ADDRESSES, --proxy-protocol v1|v2,
      --proxy-sources ADDRESSES, -W, --warmup TIME
                          the load, as for echo; the warmup is that of each step (a fifth of it)
      --tls, --cacert FILE, --insecure, --sni NAME, --alpn LIST, --cert FILE, --key FILE, --resume
                          TLS, as for echo
      --quiet             no progress
      --json FILE         what was found for machines; - is stdout, and then the text goes to stderr
      --html FILE         the same as a page, with the curve of latency over load

examples:
  weir-load capacity --slo p99=5ms,errors=0 10.0.0.1:7000
  weir-load capacity -c 500 -l 1k --slo p99.9=20ms --step 10s --json capacity.json 10.0.0.1:7000

exit status: 0 found, 1 could not run or was interrupted before, 2 bad usage, 3 no rate met the SLO,
             4 a reply was wrong
)";

std::function<Command()> declare_capacity(CLI::App& app) {
  const auto plan = std::make_shared<LoadOptions>();
  const auto options = std::make_shared<CapacityOptions>();
  add_target(app, plan->target);
  add_plan(app, plan);
  add_echo_plan(app, plan);
  const auto tls = std::make_shared<TlsArguments>();
  add_tls(app, *tls, Resumes::yes);
  leave_out(app, {"--processes", "--start-at", "--requests", "--rate", "--duration", "--interval", "--think",
                  "--newcomers", "--max-errors"});
  add(app, "--step", [options](const std::string& text) {
    options->step = positive_duration(text);
    if (options->step < std::chrono::milliseconds(500)) throw std::invalid_argument("is 500ms at least");
  });
  add(app, "--precision", [options](const std::string& text) {
    options->precision = parse_percent(text);
    if (options->precision < 0.005 || options->precision > 0.5) throw std::invalid_argument("is 0.5% to 50%");
  });
  add(app, "--most", [options](const std::string& text) { options->most = parse_event_rate(text); });
  return [plan, options, tls, &app]() -> Command {
    for (const SloClause& clause : plan->slo) {
      if (clause.what == SloClause::What::rate) {
        throw std::invalid_argument("--slo " + clause.text + " has no use here: the rate is what is looked for");
      }
    }
    check_outputs({{"--json", plan->json_file}, {"--html", plan->html_file}});
    plan->tls = tls_of(app, *tls, {&plan->target});
    options->plan = *plan;
    // Each step is one of an open loop.
    options->plan.rate = 1;
    check_plan(app, options->plan);
    return *options;
  };
}

}  // namespace

const Verb kCapacityVerb{"capacity", kCapacityHelp, declare_capacity};

}  // namespace weir::load
