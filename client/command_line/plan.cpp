#include "client/command_line/plan.hpp"

#include <charconv>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"
#include "client/start_time.hpp"
#include "common/escapes.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::uint64_t kMostInFlight = 1'000'000;

std::string message_text(const std::string& text) {
  std::string plain = unescape(text);
  if (plain.empty()) throw std::invalid_argument("needs a text of at least one byte");
  check_template(plain);
  return plain;
}

}  // namespace

double parse_event_rate(const std::string& text) {
  const std::string plain = text.ends_with("/s") ? text.substr(0, text.size() - 2) : text;
  double found = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), found);
  if (error != std::errc() || end != plain.data() + plain.size()) found = static_cast<double>(parse_count(plain));
  if (!(found >= 0.001 && found <= 1e9)) throw std::invalid_argument("is 0.001 to 1000m a second, not " + text);
  return found;
}

void check_plan(const CLI::App& app, const LoadOptions& options) {
  const auto given = [&app](const char* option) { return is_given(app, option); };
  if (given("--message") && given("--length")) {
    throw std::invalid_argument("--length has no use with --message: a text is as long as it is");
  }
  if (given("--arrivals") && !options.is_open_loop()) throw std::invalid_argument("--arrivals needs a --rate");
  if (given("--proxy-sources") && options.proxy_protocol == ProxyVersion::none) {
    throw std::invalid_argument("--proxy-sources needs --proxy-protocol v1 or v2");
  }
  for (const SloClause& clause : options.slo) {
    if (clause.what == SloClause::What::rate_of_plan && !options.is_open_loop()) {
      throw std::invalid_argument("--slo " + clause.text + " needs a --rate to be a share of");
    }
  }
  if (given("--max-errors") && options.slo_judges_errors()) {
    throw std::invalid_argument("--max-errors has no use beside errors= in --slo, which decides");
  }
  if (options.think.count() != 0 && options.is_open_loop()) {
    throw std::invalid_argument("--think has no use with --rate, which says when requests are due");
  }
  if (options.processes > options.connections) {
    throw std::invalid_argument("--processes: there are fewer connections (" + std::to_string(options.connections) +
                                ") than processes");
  }
}

void add_plan(CLI::App& app, const PlanOptions& options) {
  add(app, "-c,--connections", [options](const std::string& text) {
    options->connections = static_cast<std::uint32_t>(number(text, 1, kMostConnections));
  });
  add(app, "-t,--threads",
      [options](const std::string& text) { options->threads = static_cast<unsigned>(number(text, 1, kMostThreads)); });
  add(app, "-d,--duration", [options](const std::string& text) { options->duration = positive_duration(text); });
  add(app, "-n,--requests", [options](const std::string& text) { options->requests = number(text, 1, kMostCounted); });
  add(app, "-R,--rate", [options](const std::string& text) { options->rate = parse_event_rate(text); });
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
  add(app, "--slo", [options](const std::string& text) { options->slo = parse_slo(text); });
  add(app, "-i,--interval", [options](const std::string& text) {
    options->interval = positive_duration(text);
    if (options->interval < std::chrono::milliseconds(10)) throw std::invalid_argument("is 10ms at least");
  });
  add_output(app, "--json", [options](const std::string& text) { options->json_file = text; });
  add_output(app, "--html", [options](const std::string& text) { options->html_file = text; });
  app.add_flag("--quiet", options->quiet);
}

void add_echo_plan(CLI::App& app, const PlanOptions& options) {
  add(app, "--connect-rate", [options](const std::string& text) {
    options->connect_rate = static_cast<double>(number(text, 0, kMostConnections));
  });
  add(app, "--pipeline", [options](const std::string& text) {
    options->pipeline = static_cast<std::uint32_t>(number(text, 1, kMostInFlight));
  });
  add(app, "--think", [options](const std::string& text) { options->think = parse_duration(text); });
  add(app, "--reconnect-every",
      [options](const std::string& text) { options->reconnect_every = number(text, 0, kMostCounted); });
  add(app, "--newcomers", [options](const std::string& text) { options->newcomers = parse_event_rate(text); });
}

}  // namespace weir::load
