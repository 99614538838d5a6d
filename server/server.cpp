#include "server/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <exception>
#include <limits>
#include <optional>

#include "common/logging.hpp"
#include "common/stop_signals.hpp"
#include "common/version.hpp"
#include "server/capacity_plan.hpp"
#include "server/control/control.hpp"
#include "server/control/service_manager.hpp"
#include "server/upstream/upstream.hpp"
#include "server/worker/accept_stop.hpp"
#include "server/worker/worker.hpp"

namespace weir {

namespace {

LogTarget log_target(const LogConfig& config) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  return {kLevels[static_cast<std::size_t>(config.level)], config.format == LogFormat::json, config.file};
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What is to be said at the end.
struct Outcome {
  Admission::Totals totals;
  std::uint64_t lost_records = 0;  ///< since the log last said so
};

/// The whole daemon. Members stand in order of life: what sessions refer to comes before the workers that run them.
class Server {
 public:
  Server(const ServerConfig& config, const std::string& config_file)
      : config_(config),
        config_file_(config_file),
        plan_(plan_capacity(config, read_machine_limits())),
        admission_(plan_.admitted.value_or(std::numeric_limits<std::uint64_t>::max()), config.limits.rate),
        sources_(config.limits.per_source, config.limits.rate_per_source),
        access_log_(config.access_log, plan_.workers),
        accept_stop_(listeners_, workers_) {
    // Names are resolved first: a signal ends that at once. From here on signals are caught, before any socket listens.
    for (const UpstreamConfig& upstream : config.upstreams) upstreams_.emplace_back(upstream);
    control_.emplace(
        config_, config_file_, admission_,
        DataPlane{[this](bool at_once) { return accept_stop_.advance(at_once); }, [this] { cut_sessions(); }},
        upstreams_);
    for (const ListenerConfig& listener : config.listeners) open(listener);
    for (std::size_t i = 0; i < plan_.workers; ++i) {
      workers_.emplace_back(i, listeners_, Shared{admission_, access_log_, spare_, refusals_, config.relay.splice},
                            plan_.pipes_per_worker);
    }
  }

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { join(); }

  /// Serves until it is drained.
  Outcome run() {
    for (const std::string& warning : plan_.warnings) spdlog::warn("{}", warning);
    for (Worker& worker : workers_) worker.start(workers_);
    for (const Listener& listener : listeners_) {
      for (const ListeningSocket& socket : listener.sockets) {
        if (socket.port_offset() > 0) continue;  // the line of the range's first says it
        spdlog::info("listening on {} listener={}", socket.name(), listener.config.name);
      }
    }
    const std::string limit = plan_.admitted ? fmt::format("{} connections at most", *plan_.admitted) : "no limit";
    const std::string ready =
        fmt::format("weir {} ready: {} listeners, {} workers, {}", kVersion, listeners_.size(), workers_.size(), limit);
    spdlog::info("{}", ready);
    service_manager::notify_ready(ready);
    control_->run();
    join();
    hold_signals();  // from now on they only hurry the last flush; nobody else is left to take them
    report_ends();
    return {admission_.totals(), access_log_.close()};
  }

 private:
  Service make_service(const ServiceConfig& config) {
    if (const auto* echo = std::get_if<EchoConfig>(&config)) return EchoService{echo->transform};
    if (std::holds_alternative<DiscardConfig>(config)) return DiscardService{};
    const std::string& name = std::get<ProxyConfig>(config).upstream;
    for (Upstream& upstream : upstreams_) {
      if (upstream.config().name == name) return ProxyService{&upstream};
    }
    throw std::logic_error("the configuration was not validated: no upstream " + name);
  }

  void open(const ListenerConfig& config) {
    const int backlog = static_cast<int>(config_.limits.backlog);
    listeners_.push_back({config, make_service(config.service), gates_.emplace_back(admission_, sources_, config),
                          open_listening_sockets(config, backlog, plan_.workers)});
  }

  /// How the connections of each listener ended since the start.
  void report_ends() const {
    for (std::size_t listener = 0; listener < listeners_.size(); ++listener) {
      std::uint64_t all = 0;
      std::string kinds;
      for (std::size_t i = 0; i < kSessionEnds; ++i) {
        const auto end = static_cast<SessionEnd>(i);
        std::uint64_t count = 0;
        for (const Worker& worker : workers_) count += worker.ended(listener, end);
        if (count > 0) kinds += fmt::format("{}{}={}", kinds.empty() ? ": " : " ", to_string(end), count);
        all += count;
      }
      spdlog::info("listener {}: {} connections{}", listeners_[listener].config.name, all, kinds);
    }
  }

  void join() {
    for (Worker& worker : workers_) worker.join();
  }

  void cut_sessions() {
    for (Worker& worker : workers_) worker.cut_sessions();
  }

  const ServerConfig& config_;
  const std::string& config_file_;
  const CapacityPlan plan_;
  Admission admission_;
  SourceTable sources_;
  std::deque<Gate> gates_;
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  std::deque<Upstream> upstreams_;
  AccessLog access_log_;  // writes records that name backends
  std::deque<Listener> listeners_;
  std::deque<Worker> workers_;
  AcceptStop accept_stop_;  // before the workers' threads start, and until they are joined
  std::optional<Control> control_;
};

/// A log that could not be written cannot say so itself.
void report_losses(const LogEnd& log, std::uint64_t lost_records) {
  std::string status = log.losses;
  if (lost_records > 0) {
    status += fmt::format("{}{} connection records were lost", status.empty() ? "" : "; ", lost_records);
  }
  if (!status.empty()) service_manager::notify_status("stopped: " + status);
}

}  // namespace

int run_server(const ServerConfig& config, const std::string& config_file) {
  try {
    start_logging(log_target(config.log));
  } catch (const std::exception& error) {
    fmt::print(stderr, "weir: {}\n", error.what());
    return 1;
  }
  int status = 0;
  std::uint64_t lost_records = 0;
  try {
    // A peer that went away is an error of one write, never a signal (splice has no MSG_NOSIGNAL).
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    const auto [totals, lost] = Server(config, config_file).run();
    lost_records = lost;
    spdlog::info("drained: {} connections ended by themselves, {} were cut", totals.ended, totals.cut);
  } catch (const std::exception& error) {
    spdlog::critical("{}", error.what());
    status = 1;
  }
  const LogEnd log = stop_logging();
  report_losses(log, lost_records);
  if (!log.finished) ::_exit(status);
  return status;
}

}  // namespace weir
