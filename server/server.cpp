#include "server/server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <deque>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "common/journal.hpp"
#include "common/logging.hpp"
#include "common/stop_signals.hpp"
#include "common/version.hpp"
#include "server/admin/endpoint.hpp"
#include "server/capacity_plan.hpp"
#include "server/control/control.hpp"
#include "server/control/service_manager.hpp"
#include "server/live_daemon.hpp"
#include "server/observe/snapshot.hpp"
#include "server/prepare_upstream.hpp"
#include "server/upstream/upstream.hpp"
#include "server/worker/accept_stop.hpp"
#include "server/worker/worker.hpp"

namespace weir {

namespace {

LogTarget log_target(const LogConfig& config) {
  return {level_of(config.level), config.format == LogFormat::json, config.file};
}

/// For people, and for those who look for it in the log.
std::string admin_address(const std::string& bound) { return bound.starts_with("unix:") ? bound : "http://" + bound; }

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What a failure says to people: without descriptors, which of them was missing first says nothing.
std::string describe_failure(const std::exception& error) {
  int code = 0;
  if (const auto* standard = dynamic_cast<const std::system_error*>(&error)) code = standard->code().value();
  if (const auto* boost = dynamic_cast<const boost::system::system_error*>(&error)) code = boost->code().value();
  if (code != EMFILE && code != ENFILE) return error.what();
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return fmt::format(
      "descriptors ran out while the daemon started; their hard limit is {}, `weir check` says how many are needed; "
      "raise it (LimitNOFILE=, ulimit -Hn, docker --ulimit nofile)",
      limit.rlim_max);
}

/// What is reported at the end.
struct Outcome {
  ServerSnapshot last;
  std::uint64_t lost_records = 0;  ///< since the log last reported them
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
        access_log_(config.access_log, plan_.workers, config.admin.has_value()),
        accept_stop_(listeners_, workers_) {
    // Names are resolved first, while a signal still ends the program at once. Signals are caught after that, before
    // any socket listens.
    for (const UpstreamConfig& upstream : config.upstreams) {
      upstreams_.emplace(upstream.name,
                         std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(upstream)),
                                                    plan_.workers));
    }
    control_.emplace(
        control_context_, config_, config_file_, admission_,
        DataPlane{[this](bool at_once) { return accept_stop_.advance(at_once); }, [this] { cut_sessions(); }},
        upstreams_);
    open_all();
    for (std::size_t i = 0; i < plan_.workers; ++i) {
      workers_.emplace_back(i, Shared{admission_, access_log_, spare_, refusals_, config.relay.splice},
                            plan_.pipes_per_worker);
    }
    live_.emplace(control_context_,
                  LiveDaemon::Parts{config_, config_file_, plan_, admission_, listeners_, upstreams_, workers_,
                                    access_log_, [this] { return control_->drain("the admin endpoint"); }});
    if (config_.admin) admin_.emplace(control_context_.get_executor(), *config_.admin, *live_);
  }

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { join(); }

  /// Serves until it is drained.
  Outcome run() {
    for (const std::string& warning : plan_.warnings) spdlog::warn("{}", warning);
    for (Worker& worker : workers_) worker.start(workers_);
    for (auto& [name, open] : listeners_) serve(open);
    for (const ListenerConfig& listener : config_.listeners) {
      for (const std::string& bound : bound_addresses(listeners_.at(listener.name).sockets)) {
        spdlog::info("listening on {} listener={}", bound, listener.name);
      }
    }
    if (admin_) {
      for (const std::string& bound : admin_->bound()) spdlog::info("admin endpoint on {}", admin_address(bound));
      live_->keep_history();
    }
    const std::string limit = plan_.admitted ? fmt::format("{} connections at most", *plan_.admitted) : "no limit";
    const std::string ready =
        fmt::format("weir {} ready: {} listeners, {} workers, {}", kVersion, listeners_.size(), workers_.size(), limit);
    spdlog::info("{}", ready);
    service_manager::notify_ready(ready);
    control_->run();
    admin_.reset();
    join();
    hold_signals();  // from now on they only shorten the last flush; nobody else is left to handle them
    const ServerSnapshot last = live_->snapshot();
    for (const ListenerSnapshot& listener : last.listeners) spdlog::info("{}", describe_ends(listener));
    return {last, access_log_.close()};
  }

 private:
  // One for each kind of ServiceConfig.
  Service make_service(const EchoConfig& config) const { return EchoService{config.transform}; }
  Service make_service(const DiscardConfig&) const { return DiscardService{}; }
  Service make_service(const ProxyConfig& config) const { return ProxyService{upstreams_.at(config.upstream)}; }

  /// Reports each listener that cannot listen, not the first alone.
  void open_all() {
    std::size_t failed = 0;
    for (const ListenerConfig& listener : config_.listeners) {
      try {
        open(listener);
      } catch (const std::exception& error) {
        spdlog::critical("listener {}: {}", listener.name, error.what());
        ++failed;
      }
    }
    if (failed == 0) return;
    throw std::runtime_error(fmt::format("{} of {} listeners cannot listen", failed, config_.listeners.size()));
  }

  void open(const ListenerConfig& config) {
    const int backlog = static_cast<int>(config_.limits.backlog);
    Service service = std::visit([this](const auto& kind) { return make_service(kind); }, config.service);
    const auto listener = std::make_shared<Listener>(config, std::move(service), admission_, sources_, plan_.workers);
    listeners_.emplace(config.name, OpenListener{listener, open_listening_sockets(config, backlog, plan_.workers)});
  }

  void serve(const OpenListener& open) {
    for (Worker& worker : workers_) worker.serve(open.listener);
    for (Worker& worker : workers_) worker.accept_from(open);
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
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  Upstreams upstreams_;
  AccessLog access_log_;  // writes records that name backends
  OpenListeners listeners_;
  boost::asio::io_context control_context_{1};  // workers post to it, even when they are destroyed
  std::deque<Worker> workers_;
  AcceptStop accept_stop_;  // before the workers' threads start, and until they are joined
  std::optional<Control> control_;
  std::optional<LiveDaemon> live_;
  std::optional<admin::Endpoint> admin_;
};

/// A log that could not be written cannot report that itself.
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
    fmt::print(stderr, "{}", for_stderr(fmt::format("weir: {}\n", error.what()), Priority::critical));
    return 1;
  }
  int status = 0;
  std::uint64_t lost_records = 0;
  try {
    // A peer that has gone is an error of one write, never a signal (splice has no MSG_NOSIGNAL).
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    const auto [last, lost] = Server(config, config_file).run();
    lost_records = lost;
    spdlog::info("drained: {} connections ended by themselves, {} were cut", last.ended_in_drain, last.cut_in_drain);
  } catch (const std::exception& error) {
    spdlog::critical("{}", describe_failure(error));
    status = 1;
  }
  const LogEnd log = stop_logging();
  report_losses(log, lost_records);
  if (!log.finished) ::_exit(status);
  return status;
}

}  // namespace weir
