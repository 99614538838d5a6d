#include "client/process_group.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "client/load_run.hpp"
#include "client/message_line.hpp"
#include "client/parent_control.hpp"
#include "client/report/histogram_json.hpp"
#include "client/report/json.hpp"
#include "client/report/merge.hpp"
#include "client/resources.hpp"
#include "client/share_out.hpp"
#include "client/target.hpp"
#include "client/terminal_control.hpp"

namespace weir::load {

namespace json = boost::json;

namespace {

using Clock = io::Clock;
using Seconds = std::chrono::duration<double>;

/// One of the processes, as the one that started it sees it.
struct Child {
  Child(pid_t process, MessageLine to_it) : pid(process), line(std::move(to_it)) {}

  pid_t pid;
  MessageLine line;
  std::uint32_t asked = 0;
  std::uint32_t settled = 0;
  std::uint32_t reached = 0;
  std::uint32_t open = 0;
  std::uint64_t failures = 0;
  bool stands = false;
  bool gone = false;  ///< sends nothing more
  std::optional<LoadResult> result;
  std::string failure;
  LiveFigures figures;
};

/// The options of a process that has the connections from `first` up to `next`.
LoadOptions options_of(const LoadOptions& whole, std::uint32_t first, std::uint32_t next) {
  LoadOptions own = whole;
  own.connections = next - first;
  const double part = static_cast<double>(own.connections) / whole.connections;
  own.newcomers = whole.newcomers * part;
  own.connect_rate = whole.connect_rate * part;
  if (whole.requests) {
    own.requests =
        share_up_to(*whole.requests, next, whole.connections) - share_up_to(*whole.requests, first, whole.connections);
  }
  return own;
}

/// What a child process does, from its first to its last moment.
[[noreturn]] void be_child(const LoadOptions& options, const Share& share, MessageLine parent) {
  int status = 0;
  try {
    ParentControl control(parent, options.prometheus.has_value());
    const LoadResult result = run_load(options, share, control);
    parent.send({{"report", json_report(result)}});
  } catch (const std::exception& error) {
    parent.send({{"failed", error.what()}});
    status = 1;
  }
  ::_exit(status);
}

class ProcessGroup {
 public:
  ProcessGroup(const LoadOptions& options, MetricsServer* metrics)
      : options_(options), metrics_(metrics), control_(options, metrics == nullptr ? nullptr : &metrics->metrics()) {}
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;
  ~ProcessGroup() {
    for (Child& child : children_) {
      if (!child.gone) ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, 0);
    }
  }

  LoadResult run() {
    start_children();
    if (metrics_ != nullptr) metrics_->start();
    connect_all();
    if (!interrupted_ && reached() != 0) {
      if (const auto start = control_.wait_for_start(reached())) begin(start->begin);
    }
    if (!begun_) interrupt();
    while (!all_gone()) {
      wait(next_line_);
      show_running();
    }
    control_.ended();
    return merged();
  }

 private:
  void start_children();
  void connect_all();
  void begin(Clock::time_point at);
  void interrupt() {
    for (Child& child : children_) child.line.send({{"interrupt", true}});
  }
  void wait(Clock::time_point until);
  void take(Child& child);
  void handle(Child& child, const json::object& message);
  void show_running();
  LoadResult merged();
  std::string name_of(std::size_t child) const {
    return "process " + std::to_string(child + 1) + " of " + std::to_string(options_.processes);
  }

  std::uint32_t sum(std::uint32_t Child::* number) const {
    std::uint32_t total = 0;
    for (const Child& child : children_) total += child.*number;
    return total;
  }
  std::uint32_t reached() const { return sum(&Child::reached); }
  bool all_stand() const {
    return std::all_of(children_.begin(), children_.end(), [](const Child& c) { return c.stands || c.gone; });
  }
  bool all_gone() const {
    return std::all_of(children_.begin(), children_.end(), [](const Child& child) { return child.gone; });
  }

  const LoadOptions& options_;
  MetricsServer* const metrics_;
  TerminalControl control_;
  std::vector<Child> children_;
  bool interrupted_ = false;
  bool begun_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_line_ = Clock::now() + std::chrono::seconds(1);
  Interval since_;   ///< what children told since the last line
  Histogram times_;  ///< its times
  bool warmup_ = false;
};

void ProcessGroup::start_children() {
  LoadOptions options = options_;
  if (options.threads == 0) options.threads = 1;
  // Every process's bytes are of one run.
  options.message.run = static_cast<std::uint32_t>(std::random_device()() & 0xffffff);
  raise_descriptor_limit();
  const Endpoint endpoint = choose_endpoint(options.target, options.timeout, options.source);
  check_ports(options, endpoint);
  std::uint32_t first = 0;
  for (unsigned process = 0; process < options_.processes; ++process) {
    const auto next = static_cast<std::uint32_t>(share_up_to(options_.connections, process + 1, options_.processes));
    const LoadOptions own = options_of(options, first, next);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      throw std::runtime_error(std::string("socketpair: ") + std::strerror(errno));
    }
    io::Descriptor ours(pair[0]);
    io::Descriptor theirs(pair[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      throw std::runtime_error("process " + std::to_string(process + 1) + " of " + std::to_string(options_.processes) +
                               " could not be started: " + std::strerror(errno));
    }
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      ours = {};
      for (Child& other : children_) other.line = MessageLine(io::Descriptor());
      if (metrics_ != nullptr) metrics_->leave();
      be_child(own, {process, options_.processes, first, options_.connections, endpoint},
               MessageLine(std::move(theirs)));
    }
    Child& child = children_.emplace_back(pid, MessageLine(std::move(ours)));
    child.asked = own.connections;
    first = next;
  }
}

void ProcessGroup::connect_all() {
  while (!all_stand() && !interrupted_) {
    wait(next_line_);
    // One that cannot take part makes it another run than the one that was asked for.
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (!children_[i].failure.empty()) throw std::runtime_error(name_of(i) + ": " + children_[i].failure);
    }
    if (Clock::now() < next_line_) continue;
    control_.connecting(Seconds(Clock::now() - began_).count(), sum(&Child::settled), reached(), options_.connections);
    next_line_ += std::chrono::seconds(1);
  }
}

void ProcessGroup::begin(Clock::time_point at) {
  at = std::max(at, Clock::now() + kStartNotice);
  std::uint32_t first = 0;
  const std::uint32_t total = reached();
  for (Child& child : children_) {
    child.line.send(
        {{"begin_ns", std::chrono::nanoseconds(at.time_since_epoch()).count()}, {"first", first}, {"total", total}});
    first += child.reached;
  }
  began_ = at;
  begun_ = true;
  next_line_ = at + options_.interval + options_.interval / 2;
}

void ProcessGroup::wait(Clock::time_point until) {
  std::vector<pollfd> waiting{{control_.fd(), POLLIN, 0}};
  for (const Child& child : children_) waiting.push_back({child.gone ? -1 : child.line.fd(), POLLIN, 0});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  ::poll(waiting.data(), waiting.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  if (control_.interrupted() && !interrupted_) {
    interrupted_ = true;
    interrupt();
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (waiting[i + 1].revents != 0) take(children_[i]);
  }
}

void ProcessGroup::take(Child& child) {
  child.gone = !child.line.receive();
  while (const std::optional<json::object> message = child.line.next()) handle(child, *message);
  if (child.gone && !child.result && child.failure.empty()) child.failure = "it ended without a report";
}

void ProcessGroup::handle(Child& child, const json::object& message) {
  const auto number = [&message](const char* key) { return message.at(key).to_number<std::uint64_t>(); };
  if (message.contains("report")) {
    child.result = read_json_report(message.at("report").as_object());
  } else if (message.contains("figures")) {
    child.figures = figures_from_json(message.at("figures").as_object());
    LiveFigures all;
    for (const Child& each : children_) all.add(each.figures);
    if (metrics_ != nullptr) metrics_->metrics().set(all);
  } else if (message.contains("failed")) {
    child.failure = message.at("failed").as_string().c_str();
  } else if (message.contains("stands")) {
    child.stands = true;
    child.settled = child.asked;
    child.reached = child.open = static_cast<std::uint32_t>(number("stands"));
    child.figures.reached = child.figures.open = child.reached;
  } else if (message.contains("settled")) {
    child.settled = static_cast<std::uint32_t>(number("settled"));
    child.reached = static_cast<std::uint32_t>(number("reached"));
  } else {
    child.open = static_cast<std::uint32_t>(number("open"));
    since_.failures += number("failures") - child.failures;
    child.failures = number("failures");
    since_.at = std::max(since_.at, message.at("at_s").to_number<double>());
    since_.length = std::max(since_.length, message.at("length_s").to_number<double>());
    since_.done += number("done");
    warmup_ = message.at("warmup").as_bool();
    for (const Histogram::Bucket& bucket : buckets_from_json(message.at("buckets").as_array())) times_.add(bucket);
  }
}

void ProcessGroup::show_running() {
  if (Clock::now() < next_line_ || all_gone()) return;
  next_line_ += options_.interval;
  since_.p50 = times_.percentile(50);
  since_.p99 = times_.percentile(99);
  std::uint64_t failures = 0;
  for (const Child& child : children_) failures += child.failures;
  double progress = -1;
  if (options_.duration || !options_.requests) {
    const auto duration = options_.duration.value_or(LoadOptions::kDefaultDuration);
    progress = since_.at / Seconds(options_.warmup + duration).count();
  }
  control_.running(since_, sum(&Child::open), failures, progress, warmup_ ? "warmup " : "running");
  since_ = {};
  times_.clear();
}

LoadResult ProcessGroup::merged() {
  std::vector<LoadResult> results;
  std::vector<std::string> lost;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    Child& child = children_[i];
    if (child.result) {
      results.push_back(std::move(*child.result));
    } else {
      lost.push_back(name_of(i) + ": " + child.failure + "; what it did is not in this report");
    }
  }
  if (results.empty()) throw std::runtime_error(lost.front());
  LoadResult result = merge_results(results);
  // What was asked for is what the person said, and it was one generator.
  const EndedBy ended_by = result.ended_by;
  result.options = options_;
  result.generators = 1;
  result.ended_by = interrupted_ ? EndedBy::interrupt : ended_by;
  for (const std::string& failure : lost) {
    result.stats.failures.add(Failure::local_resources);
    result.stats.examples.insert(result.stats.examples.begin(), failure);
  }
  return result;
}

}  // namespace

LoadResult run_processes(const LoadOptions& options, MetricsServer* metrics) {
  return ProcessGroup(options, metrics).run();
}

}  // namespace weir::load
