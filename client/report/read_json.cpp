#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "client/report/hex.hpp"
#include "client/report/histogram_json.hpp"
#include "client/report/json.hpp"
#include "client/report/json_keys.hpp"
#include "client/report_head.hpp"
#include "client/start_time.hpp"
#include "common/escapes.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

/// No count is greater: a double, and so JSON, holds it exactly, and those of a thousand reports can be added up.
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 53;

/// A report's object, whose keys must be there and of the right type; the errors name them by their path.
class Reader {
 public:
  Reader(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  Reader object(const char* key) const { return {as<json::object>(key), path_ + key + "."}; }
  const json::array& array(const char* key) const { return as<json::array>(key); }
  std::string text(const char* key) const {
    const json::string& text = as<json::string>(key);
    // Reports are printed: no control character of a file may reach the terminal.
    if (has_control({text.data(), text.size()})) fail(key, "has control characters");
    return {text.data(), text.size()};
  }
  /// Whether a report that may be older than a key has it.
  bool has(const char* key) const { return object_.contains(key); }
  bool flag(const char* key) const { return as<bool>(key); }
  bool is_null(const char* key) const { return at(key).is_null(); }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> texts;
    for (const json::value& item : array(key)) {
      const json::string* text = item.if_string();
      if (text == nullptr || has_control({text->data(), text->size()}))
        fail(key, "has something that is no plain text");
      texts.emplace_back(text->data(), text->size());
    }
    return texts;
  }

  template <typename T = std::uint64_t>
  T number(const char* key) const {
    boost::system::error_code error;
    const T number = at(key).to_number<T>(error);
    if (error) fail(key, "is not the number that it should be");
    if constexpr (std::is_same_v<T, std::uint64_t>) {
      if (number > kMostCounted) fail(key, "is out of range");
    }
    return number;
  }
  /// Sums of squares grow beyond what real() takes.
  double large(const char* key) const {
    const double large = number<double>(key);
    if (!(large >= 0 && large <= 1e300)) fail(key, "is out of range");
    return large;
  }
  double real(const char* key) const {
    const double real = number<double>(key);
    if (!(real >= 0 && real <= 1e15)) fail(key, "is out of range");
    return real;
  }
  std::chrono::microseconds seconds(const char* key) const {
    const double seconds = real(key);
    if (!(seconds >= 0 && seconds < 1e9)) fail(key, "is not a duration");
    return std::chrono::microseconds(std::llround(seconds * 1e6));
  }
  std::chrono::nanoseconds ns(const char* key) const {
    const auto ns = number<std::int64_t>(key);
    // Half of what there is room for, so that those of two reports can be added up.
    if (ns < 0 || ns > std::numeric_limits<std::int64_t>::max() / 2) fail(key, "is out of range");
    return std::chrono::nanoseconds(ns);
  }
  std::vector<Histogram::Bucket> buckets(const char* key) const {
    const json::array& buckets = array(key);
    try {
      return buckets_from_json(buckets);
    } catch (const std::exception& problem) {
      fail(key, std::string("are no buckets of a histogram: ") + problem.what());
    }
  }
  Histogram histogram(const char* key) const {
    const Reader parts = object(key);
    parts.buckets("buckets");
    parts.number("above_range");
    for (const char* part : {"min_ns", "max_ns", "sum_ns"}) parts.ns(part);
    try {
      return histogram_from_json(parts.object_);
    } catch (const std::exception& problem) {
      fail(key, std::string("is no histogram: ") + problem.what());
    }
  }
  /// A figure that follows from others must not contradict them, where it is there.
  void must_be(const char* key, std::uint64_t expected) const {
    const json::value* const value = object_.if_contains(key);
    if (value == nullptr || !value->is_number()) return;
    if (number(key) != expected) fail(key, "is not what the figures that it is made from come to");
  }

  template <typename Words>
  auto word(const char* key, const Words& words) const {
    const std::string text = this->text(key);
    for (const auto& [value, word] : words) {
      if (word == text) return value;
    }
    fail(key, "is " + in_quotes(text) + ", which means nothing here");
  }

  /// What a parser of the command line makes of a text.
  template <typename Parse>
  auto parsed(const char* key, Parse parse) const {
    try {
      return parse(text(key));
    } catch (const std::invalid_argument& error) {
      fail(key, error.what());
    }
  }

  std::chrono::system_clock::time_point time(const char* key) const { return parsed(key, parse_start); }

  [[noreturn]] void fail(const char* key, const std::string& what) const {
    throw std::runtime_error(path_ + key + " " + what);
  }

 private:
  const json::value& at(const char* key) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) fail(key, "is missing");
    return *value;
  }
  template <typename T>
  const T& as(const char* key) const {
    const json::value& value = at(key);
    const T* found = nullptr;
    if constexpr (std::is_same_v<T, json::object>) found = value.if_object();
    if constexpr (std::is_same_v<T, json::array>) found = value.if_array();
    if constexpr (std::is_same_v<T, json::string>) found = value.if_string();
    if constexpr (std::is_same_v<T, bool>) found = value.if_bool();
    if (found == nullptr) fail(key, "is not of the type that it should be");
    return *found;
  }

  const json::object& object_;
  std::string path_;
};

SourceAddresses addresses(const Reader& reader, const char* key) {
  return reader.text(key).empty() ? SourceAddresses() : reader.parsed(key, SourceAddresses::parse);
}

TlsOptions read_tls(const Reader& reader) {
  const auto plain = [&reader](const char* key) { return reader.parsed(key, unescape); };
  TlsOptions options;
  options.insecure = !reader.flag("verify");
  options.ca_file = plain("ca");
  options.name = plain("name");
  try {
    for (const std::string& protocol : reader.texts("alpn")) options.alpn.push_back(unescape(protocol));
  } catch (const std::invalid_argument& error) {
    reader.fail("alpn", error.what());
  }
  options.resume = reader.flag("resume");
  options.certificate = plain("certificate");
  return options;
}

LoadOptions read_options(const Reader& reader, Workload workload) {
  LoadOptions options;
  options.workload = workload;
  options.connections = reader.number<std::uint32_t>("connections");
  options.processes = reader.number<unsigned>("processes");
  if (!reader.is_null("duration_s")) options.duration = reader.seconds("duration_s");
  if (!reader.is_null("requests")) options.requests = reader.number("requests");
  options.warmup = reader.seconds("warmup_s");
  if (!reader.is_null("rate")) options.rate = reader.real("rate");
  options.arrivals = reader.word("arrivals", kArrivalWords);
  options.interval = reader.seconds("interval_s");
  options.drain = reader.seconds("drain_s");
  options.timeout = reader.seconds("timeout_s");
  options.connect_rate = reader.real("connect_rate");
  options.message.lengths = reader.parsed("length", LengthSpec::parse);
  if (!reader.is_null("message")) options.message.text = reader.parsed("message", unescape);
  options.message.upper = reader.word("expect", kExpectWords);
  options.message.seed = reader.number("seed");
  options.source = addresses(reader, "source");
  options.proxy_protocol = reader.word("proxy_protocol", kProxyWords);
  options.proxy_sources = addresses(reader, "proxy_sources");
  if (reader.has("tls")) options.tls = read_tls(reader.object("tls"));
  options.max_errors = reader.number("max_errors");
  if (reader.has("slo")) {
    for (const std::string& clause : reader.texts("slo")) {
      try {
        const std::vector<SloClause> parsed = parse_slo(clause);
        options.slo.insert(options.slo.end(), parsed.begin(), parsed.end());
      } catch (const std::invalid_argument& error) {
        reader.fail("slo", error.what());
      }
    }
  }
  if (workload == Workload::connect) {
    options.exchange = reader.flag("exchange");
    options.close_by = reader.word("close", kCloseWords);
  } else {
    if (!reader.is_null("pipeline")) options.pipeline = reader.number<std::uint32_t>("pipeline");
    options.think = reader.seconds("think_s");
    options.reconnect_every = reader.number("reconnect_every");
    options.newcomers = reader.real("newcomers");
  }
  return options;
}

Failure read_kind(const Reader& wrong) {
  const std::string key = wrong.text("kind");
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    if (is_wrong_reply(failure) && failure_key(failure) == key) return failure;
  }
  wrong.fail("kind", "is " + in_quotes(key) + ", which is no wrong reply");
}

void read_errors(const Reader& reader, WorkerStats& stats) {
  const Reader kinds = reader.object("kinds");
  for (std::size_t kind = 1; kind < kFailureKinds; ++kind) {
    const auto failure = static_cast<Failure>(kind);
    const std::string key(failure_key(failure));
    if (!is_of_tls(failure) || kinds.has(key.c_str())) stats.failures.add(failure, kinds.number(key.c_str()));
  }
  if (stats.failures.total() > kMostCounted) reader.fail("kinds", "are too many to be added up");
  reader.must_be("total", stats.failures.total());
  reader.must_be("wrong_replies", stats.failures.wrong_replies());
  for (const json::value& example : reader.array("examples")) {
    const json::string* text = example.if_string();
    if (text == nullptr) reader.fail("examples", "has something that is no text");
    stats.examples.emplace_back(text->data(), text->size());
  }
  for (const json::value& item : reader.array("wrong")) {
    if (!item.is_object()) reader.fail("wrong", "has something that is no object");
    const Reader wrong(item.get_object(), "errors.wrong.");
    stats.wrong.push_back({read_kind(wrong), wrong.number<std::uint32_t>("connection"), wrong.number("request"),
                           wrong.number("offset"), wrong.text("text"), from_hex(wrong.text("expected")),
                           from_hex(wrong.text("received")), wrong.number("excerpt_at")});
  }
}

/// A histogram over connections.
Histogram read_quantiles(const Reader& spread, const char* key) {
  const Reader parts = spread.object(key);
  Histogram over;
  for (const Histogram::Bucket& bucket : parts.buckets("buckets")) over.add(bucket);
  const std::chrono::nanoseconds min = parts.ns("min");
  const std::chrono::nanoseconds max = parts.ns("max");
  if (min.count() < 0 || max < min) parts.fail("max", "is less than min, or min is negative");
  over.restore(0, min, max, over.sum());
  return over;
}

ConnectionSpread read_spread(const Reader& spread) {
  return {spread.number<std::uint32_t>("every"), read_quantiles(spread, "replies"), read_quantiles(spread, "mean_ns"),
          read_quantiles(spread, "p99_ns")};
}

NetworkCounters read_network(const Reader& network) {
  NetworkCounters counters;
  for (std::size_t i = 0; i < kNetworkCounters; ++i) {
    const std::string key(kernel_name(static_cast<NetworkCounter>(i)));
    counters.counts[i] = network.number(key.c_str());
  }
  return counters;
}

Audit read_audit(const Reader& reader) {
  Audit audit;
  audit.target_here = reader.flag("target_here");
  audit.voluntary = reader.number("voluntary_switches");
  audit.involuntary = reader.number("involuntary_switches");
  audit.stolen = reader.real("stolen");
  if (!reader.is_null("pressure")) audit.pressure = reader.real("pressure");
  const Reader throttling = reader.object("throttling");
  audit.throttling = {throttling.number("periods"), throttling.number("throttled"), throttling.seconds("throttled_s")};
  audit.network = read_network(reader.object("network"));
  audit.network_before = read_network(reader.object("network_before"));
  return audit;
}

using NextInterval = std::function<bool(json::value&)>;

/// `longest` is how long each is as a rule, in seconds.
std::vector<Interval> read_intervals(const Reader& reader, double longest, const NextInterval& next) {
  std::vector<Interval> intervals;
  double before = 0;
  for (json::value item; next(item);) {
    if (!item.is_object()) reader.fail("intervals", "has something that is no object");
    const Reader interval(item.get_object(), "intervals.");
    intervals.push_back({interval.real("at_s"), interval.real("length_s"), interval.number("done"),
                         interval.number("errors"), interval.ns("p50_ns"), interval.ns("p99_ns"),
                         interval.buckets("buckets")});
    // Merged ones may end in the middle of each other.
    if (intervals.back().at < before - 2 * longest) interval.fail("at_s", "goes back: they are in no order of time");
    if (intervals.back().p99 < intervals.back().p50) interval.fail("p99_ns", "is less than p50_ns");
    before = intervals.back().at;
  }
  return intervals;
}

/// The time series has no more than the whole run.
void check_intervals(const Reader& reader, const LoadResult& result) {
  std::uint64_t done = 0;
  std::uint64_t failures = 0;
  std::uint64_t timed = 0;
  const auto add = [&reader](std::uint64_t& sum, std::uint64_t more, std::uint64_t most, const char* of) {
    sum += more;  // each is far from what would overflow
    if (sum > most) {
      reader.fail("intervals",
                  fmt::format("do not add up: they have more {} than the whole run, which has {}", of, most));
    }
  };
  for (const Interval& interval : result.intervals) {
    add(done, interval.done, result.stats[Count::done], "replies");
    add(failures, interval.failures, result.stats.failures.total(), "errors");
    for (const Histogram::Bucket& bucket : interval.buckets) add(timed, bucket.count, result.times().count(), "times");
  }
}

void read_counts(const Reader& report, WorkerStats& stats) {
  const Reader connections = report.object("connections");
  stats[Count::reopened] = connections.number("reopened");
  stats[Count::renewed] = connections.number("renewed");
  stats[Count::newcomers] = connections.number("newcomers");
  const Reader requests = report.object("requests");
  stats[Count::replies] = requests.number("completed");
  for (const Count count :
       {Count::sent, Count::held, Count::unfinished, Count::unsent, Count::missed, Count::answered, Count::done}) {
    stats[count] = requests.number(std::string(count_key(count)).c_str());
  }
  if (report.has("tls")) {
    const Reader tls = report.object("tls");
    stats.agreed = tls.text("agreed");
    stats[Count::handshakes] = tls.number("handshakes");
    stats[Count::resumed] = tls.number("resumed");
  }
  stats[Count::cycles] = report.number("cycles");
  stats[Count::bytes] = report.number("bytes_each_way");
}

LoadResult read_report(const json::object& object, const NextInterval* next) {
  const Reader report(object, "");
  if (report.text("program") != "weir-load") report.fail("program", "is not weir-load");
  if (report.number<int>("schema") != kJsonSchema) {
    report.fail("schema", "is " + std::to_string(report.number<int>("schema")) + ", and this program knows " +
                              std::to_string(kJsonSchema));
  }
  LoadResult result;
  const Workload workload = report.word("workload", kWorkloadWords);
  result.options = read_options(report.object("options"), workload);
  result.options.target =
      report.parsed("target", [](const std::string& text) { return parse_address(text, AddressUse::target); });
  if (report.has("command")) {
    for (const std::string& word : report.texts("command")) result.options.command.push_back(unescape(word));
  }
  result.version = report.text("version");
  result.endpoint = report.text("endpoint");
  result.started = report.time("started");
  result.began = report.time("began");
  const Reader machine = report.object("machine");
  result.machine = {machine.text("host"), machine.text("kernel"), machine.text("cpu"),
                    machine.number<unsigned>("cpus")};
  result.generators = report.number<unsigned>("generators");
  result.threads = report.number<unsigned>("threads");
  result.reached = report.object("connections").number<std::uint32_t>("reached");
  result.ended_by = report.word("ended_by", kEndedByWords);
  result.window_seconds = report.real("window_s");
  const Reader generator = report.object("generator");
  result.cpu_seconds = generator.real("cpu_s");
  result.processors = generator.number<unsigned>("processors");
  result.machine_busy = generator.real("machine_busy");
  result.retransmits = generator.number("retransmits");
  read_counts(report, result.stats);
  const Reader latency = report.object("latency");
  for (std::size_t i = 0; i < kTimes; ++i) {
    const std::string key(time_key(static_cast<Time>(i)));
    if (!is_of_tls(static_cast<Time>(i)) || latency.has(key.c_str())) {
      result.stats.times[i] = latency.histogram(key.c_str());
    }
  }
  read_errors(report.object("errors"), result.stats);
  const Reader fairness = report.object("fairness");
  result.fairness = {fairness.number("served"), fairness.real("replies_sum"), fairness.large("replies_squares"),
                     fairness.ns("fastest_mean_ns"), fairness.ns("slowest_mean_ns")};
  if (fairness.has("connections")) result.spread = read_spread(fairness.object("connections"));
  if (report.has("audit")) result.audit = read_audit(report.object("audit"));
  const double longest = std::chrono::duration<double>(result.options.interval).count();
  if (next != nullptr) {
    result.intervals = read_intervals(report, longest, *next);
  } else {
    const json::array& array = report.array("intervals");
    std::size_t number = 0;
    result.intervals = read_intervals(report, longest, [&](json::value& item) {
      if (number == array.size()) return false;
      item = array[number++];
      return true;
    });
  }
  check_intervals(report, result);
  return result;
}

}  // namespace

LoadResult read_json_report(const json::object& report) { return read_report(report, nullptr); }

LoadResult read_json_report(const json::object& report, const NextInterval& next) { return read_report(report, &next); }

}  // namespace weir::load
