#include "server/server.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "common/counted.hpp"
#include "common/io/descriptor.hpp"
#include "common/journal.hpp"
#include "common/lines.hpp"
#include "common/logging.hpp"
#include "common/stop_signals.hpp"
#include "common/units.hpp"
#include "common/version.hpp"
#include "server/admin/endpoint.hpp"
#include "server/admin/reload_reply.hpp"
#include "server/capacity_plan.hpp"
#include "server/control/certificate_watch.hpp"
#include "server/control/config_watch.hpp"
#include "server/control/config_watch_thread.hpp"
#include "server/control/control.hpp"
#include "server/control/service_manager.hpp"
#include "server/control/service_status.hpp"
#include "server/control/watchdog.hpp"
#include "server/data_plane.hpp"
#include "server/faults/fault_board.hpp"
#include "server/handed_over_warnings.hpp"
#include "server/live_daemon.hpp"
#include "server/live_proxies.hpp"
#include "server/log_files.hpp"
#include "server/observe/snapshot.hpp"
#include "server/reloader.hpp"
#include "server/toxiproxy/api.hpp"
#include "server/toxiproxy/endpoint_config.hpp"
#include "server/toxiproxy/toxics.hpp"
#include "server/upgrade/upgrader.hpp"

namespace weir {

namespace {

constexpr const char* kDraining = "the daemon is draining";

constexpr std::chrono::milliseconds kAdminPoll{10};
/// How long what nobody needs any more is kept.
constexpr std::chrono::seconds kReleasePoll{1};

/// For people, and for those who look for it in the log.
std::string admin_address(const std::string& bound) { return bound.starts_with("unix:") ? bound : "http://" + bound; }

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The kernel doubles its table of descriptors where one does not fit any more. In a process with threads whoever needs
/// that descriptor then waits for a grace period of RCU, some ten milliseconds, and so does every other thread that
/// needs one meanwhile (expand_fdtable() in fs/file.c). While there is one thread alone it costs nothing. Best effort.
void grow_descriptor_table() {
  constexpr rlim_t kMost = 1u << 16;  // half a megabyte
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const io::Descriptor any(::eventfd(0, EFD_CLOEXEC));
  const int last = static_cast<int>(std::min(limit.rlim_cur, kMost)) - 1;
  const io::Descriptor high(::fcntl(any.get(), F_DUPFD_CLOEXEC, last));
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
  Admission::Totals totals;
  std::vector<DrainedConnection> last_to_end;
  std::uint64_t lost_records = 0;  ///< since the log last reported them
  bool is_busy = false;            ///< with a reload or with files, on a thread that nothing can hurry
};

/// The whole daemon. Members stand in order of life. Control thread.
class Server {
 public:
  Server(const ServerSource& source, const ServerConfig& config, HandedOverSockets handed_over,
         InheritedSockets inherited)
      : source_(source),
        handed_over_(std::move(handed_over)),
        inherited_(std::move(inherited)),
        config_(std::make_shared<const ServerConfig>(config)),
        plan_(plan_capacity(config, read_machine_limits())),
        // Names are resolved here, while a signal still ends the program at once. Signals are caught after that, before
        // any socket listens.
        data_plane_(config, plan_, handed_over_),
        faults_(control_context_,
                [this](const std::string& listener, faults::FaultSetPtr faults) {
                  if (const ListenerPtr found = data_plane_.find(listener)) {
                    data_plane_.set_faults(found, std::move(faults));
                  }
                }),
        control_(control_context_, config_, data_plane_.admission(),
                 ControlSteps{[this](bool at_once) { return stop_accepting(at_once); },
                              [this](const DrainSpread& spread, DrainSpread::Time until) {
                                data_plane_.close_idle(spread, until);
                              },
                              [this] { data_plane_.cut_sessions(); },
                              source.load ? [this](const std::string& who) { reloader_.start(who); }
                                          : std::function<void(const std::string&)>(),
                              [this](const std::string& who) { upgrader_.start(who); }, [this] { be_stopped(); }},
                 data_plane_.upstreams()),
        reloader_({control_context_, [this](bool dry_run) { return load(dry_run); }, [this] { return running(); },
                   [this] { return admin::connection_counts(live_->traffic_snapshot()); },
                   [this] { return obstacle(); }, [this](PreparedReload& next) { apply(next); },
                   [this](const std::function<void()>& done) { data_plane_.settle(done); },
                   [this](const admin::Reload& outcome) {
                     if (!config_watch_) return;
                     config_watch_->conclude(outcome.may_pass ? ConfigWatch::Outcome::may_pass
                                                              : ConfigWatch::Outcome::settled);
                   },
                   [this] { return obstacle_to_change(); }}),
        upgrader_(
            {control_context_, source.program, config_,
             [this] { return data_plane_.admission().draining() ? std::string(kDraining) : ""; },
             [this] { return reloader_.is_busy(); }, [this] { return copy_sockets(); },
             [this] { return live_->drained(); }, [this] { return data_plane_.tickets()->export_keys(); },
             [this](const InheritedSockets& sockets, const std::vector<std::size_t>& left) { pass_on(sockets, left); },
             [this](InheritedSockets sockets) { take_back(sockets); }}),
        closing_(control_context_),
        releasing_(control_context_) {
    data_plane_.open(config, plan_, inherited_,
                     source.predecessor != nullptr ? source.predecessor->drained() : upgrade::Drained());
    if (source.predecessor != nullptr) {
      data_plane_.tickets()->import_keys(source.predecessor->ticket_keys(), io::Clock::now());
    }
    faults_.take_config(config, [this](const std::string& listener, faults::FaultSetPtr faults) {
      data_plane_.find(listener)->shaping().set_faults(std::move(faults));  // nobody is connected yet
    });
    live_.emplace(
        control_context_,
        LiveDaemon::Parts{
            config_, source_.file, plan_, data_plane_, faults_, [this] { return control_.drain("the admin endpoint"); },
            [this](bool dry_run) { return reloader_.reload("the admin endpoint", dry_run); },
            [this] { return upgrader_.upgrade("the admin endpoint"); }, [this] { return reloader_.until_idle(); },
            [this](const std::string& name, bool drained) {
              return drained ? drain_listener(name) : enable_listener(name);
            },
            [this] { return upgrader_.obstacle(); },
            [this] {
              return certificate_watch_ ? std::pair(certificate_watch_->renewed(), certificate_watch_->refused())
                                        : std::pair(std::uint64_t{0}, std::uint64_t{0});
            }});
    proxies_.emplace(LiveProxies::Parts{config_, data_plane_, faults_, *live_,
                                        [this](std::string who, Reloader::Change change) {
                                          return reloader_.change(std::move(who), std::move(change));
                                        },
                                        [this](const ListenerPtr& listener) { cut(listener); }});
    toxics_.emplace(*proxies_);
    open_endpoints(inherited_);
  }

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { data_plane_.join(); }

  /// Serves until it is drained.
  Outcome run() {
    for (const std::string& warning : plan_.warnings) spdlog::warn("{}", warning);
    if (source_.predecessor != nullptr) source_.predecessor->wait_for_go(inherited_.left());
    inherited_ = InheritedSockets();  // of those that are left, nobody is to accept here
    data_plane_.start(static_cast<int>(config_->limits.backlog));
    for (const ListenerConfig& listener : config_->listeners) say_where(data_plane_.listeners().at(listener.name));
    say_where_admin();
    say_where_faults_api();
    certificate_watch_.emplace(CertificateWatch::Parts{control_context_, data_plane_.tickets()});
    certificate_watch_->watch(data_plane_.certificate_holders());
    warn_of_unused_sockets();
    const std::string ready =
        fmt::format("weir {} ready: {}, {}, {}", kVersion, counted(data_plane_.listeners().size(), "listener"),
                    counted(plan_.workers, "worker"), limit_text());
    spdlog::info("{}", ready);
    if (source_.predecessor != nullptr) {
      // Until then the service manager listens to the other process alone.
      source_.predecessor->ready(control_context_, [this, ready] {
        data_plane_.own_files();
        for (admin::Endpoint& admin : admin_) admin.own_files();
        for (admin::Endpoint& api : faults_api_) api.own_files();
        service_manager::notify_ready(ready);
        attend_service_manager();
      });
    } else {
      service_manager::notify_ready(ready);
      attend_service_manager();
    }
    watch_files();
    control_.run();
    certificate_watch_.reset();
    admin_.clear();
    faults_api_.clear();
    retired_endpoints_.clear();
    data_plane_.join();
    const bool is_watching = config_watch_ && !config_watch_->stop();
    hold_signals();  // from now on they only shorten the last flush; nobody else is left to handle them
    const ServerSnapshot last = live_->snapshot();
    for (const ListenerSnapshot& listener : last.listeners) spdlog::info("{}", describe_ends(listener));
    const Admission& admission = data_plane_.admission();
    return {admission.totals(), admission.last_to_end(), data_plane_.access_log().close(),
            reloader_.is_preparing() || is_watching};
  }

 private:
  std::string limit_text() const {
    const auto least = plan_.connection_limit();
    const auto most = plan_.most_connections();
    if (!least) return "no limit";
    return fmt::format("{}{} connections at most", least == most ? "" : fmt::format("{} to ", *least), *most);
  }

  static void say_where(const OpenListener& open) {
    for (const std::string& bound : bound_addresses(open.sockets)) {
      spdlog::info("listening on {} listener={}", bound, open.listener->config().name);
    }
  }

  void attend_service_manager() {
    if (!service_manager::is_present()) return;
    service_status_.emplace(control_context_, [this] {
      ServiceStatus::Figures figures;
      for (const ListenerSnapshot& listener : live_->traffic_snapshot().listeners) {
        figures.accepted += listener.accepted;
      }
      figures.active = data_plane_.admission().totals().active;
      figures.listeners = data_plane_.listeners().size();
      figures.draining = data_plane_.admission().draining();
      return figures;
    });
    service_status_->begin();
    const auto interval = service_manager::watchdog_interval();
    if (!interval) return;
    watchdog_.emplace(control_context_, data_plane_.workers(), *interval);
    watchdog_->begin();
  }

  /// Whoever connects to one of them waits, because its owner listens.
  void warn_of_unused_sockets() const {
    for (const std::string& warning : unused_socket_warnings(*config_, handed_over_)) spdlog::warn("{}", warning);
  }

  void say_where_admin() {
    if (admin_.empty()) return;
    for (const std::string& bound : admin_.front().bound()) spdlog::info("admin endpoint on {}", admin_address(bound));
    live_->keep_history();
  }

  void say_where_faults_api() const {
    if (faults_api_.empty()) return;
    for (const std::string& bound : faults_api_.front().bound()) {
      spdlog::info("Toxiproxy's API on {}", admin_address(bound));
    }
  }

  RunningState running() {
    RunningState state = data_plane_.running(config_);
    if (!admin_.empty()) state.admin = admin_.front().listening();
    if (!faults_api_.empty()) state.faults_api = faults_api_.front().listening();
    return state;
  }

  ServerConfig load(bool dry_run) const {
    // What a dry run has seen is still to be applied.
    if (source_.watched != nullptr && !dry_run) return source_.watched->load(source_.load);
    std::vector<std::string> named;
    return source_.load(named);
  }

  void watch_files() {
    if (source_.watched == nullptr) return;
    config_watch_.emplace(*source_.watched, [this](const std::string& who) {
      boost::asio::post(control_context_, [this, who] {
        if (obstacle().empty()) return reloader_.start(who);
        config_watch_->conclude(ConfigWatch::Outcome::not_begun);
      });
    });
  }

  std::string obstacle() {
    if (!source_.load) return "the daemon was started without a configuration file; restart it with other arguments";
    return obstacle_to_change();
  }

  std::string obstacle_to_change() {
    if (std::string upgrading = upgrader_.obstacle(); !upgrading.empty()) return upgrading;
    return data_plane_.admission().draining() ? kDraining : "";
  }

  std::optional<std::chrono::milliseconds> stop_accepting(bool at_once) {
    const auto pause = data_plane_.close_all(at_once);
    // Somebody may still wait to be told that another process serves.
    return pause || at_once || retired_endpoints_.empty() ? pause : kAdminPoll;
  }

  /// This process ends by order, so what another one has of it must not come back here, nor go back there.
  void be_stopped() {
    upgrader_.stop();
    settle_with_predecessor();
  }

  void settle_with_predecessor() {
    if (source_.predecessor != nullptr) source_.predecessor->settle();
  }

  InheritedSockets copy_sockets() const {
    InheritedSockets copies;
    data_plane_.copy_sockets(copies);
    for (const admin::Endpoint& admin : admin_) admin.copy_sockets(copies);
    for (const admin::Endpoint& api : faults_api_) api.copy_sockets(copies);
    for (const auto& socket : handed_over_.all()) {
      copies.add(InheritedGroup::Owner::service_manager, socket->name, 0, false, {socket->descriptor.get()});
    }
    return copies;
  }

  void pass_on(const InheritedSockets& sockets, const std::vector<std::size_t>& left) {
    settle_with_predecessor();
    data_plane_.pass_on(sockets, left);
    std::map<std::string, std::set<std::size_t>> left_of_endpoints;
    for (const std::size_t place : left) {
      if (place >= sockets.groups().size()) continue;
      const InheritedGroup& group = sockets.groups()[place];
      if (group.owner == InheritedGroup::Owner::admin) left_of_endpoints[group.name].insert(group.index);
    }
    if (!admin_.empty()) admin_.front().pass_on(left_of_endpoints[""]);
    if (!faults_api_.empty()) faults_api_.front().pass_on(left_of_endpoints[toxiproxy::kEndpointName]);
    apply_admin(std::nullopt);  // first, because the drain waits for its last replies
    apply_faults_api(std::nullopt);
    control_.hand_over();
  }

  void take_back(InheritedSockets& sockets) {
    control_.resume();
    data_plane_.take_back(*config_, plan_, sockets);
    try {
      open_endpoints(sockets);
    } catch (const std::exception& error) {
      spdlog::error("{}", error.what());
    }
    for (admin::Endpoint& admin : admin_) admin.own_files();
    for (admin::Endpoint& api : faults_api_) api.own_files();
    close_removed();
  }

  void open_endpoints(InheritedSockets& inherited) {
    if (config_->admin) {
      admin_.emplace_back(control_context_.get_executor(),
                          admin::Endpoint::prepare(*config_->admin, {}, handed_over_, &inherited), *live_);
    }
    if (!config_->faults || !config_->faults->api) return;
    const AdminConfig api = toxiproxy::endpoint_config(*config_->faults->api);
    serve_faults_api(admin::Endpoint::prepare(api, {}, handed_over_, &inherited, toxiproxy::kEndpointName));
  }

  void serve_faults_api(admin::Endpoint::Prepared prepared) {
    faults_api_.emplace_back(control_context_.get_executor(), std::move(prepared),
                             admin::MakeAnswers([this](const AdminConfig& /*config*/) {
                               return std::make_unique<toxiproxy::Api>(*proxies_, *toxics_);
                             }));
  }

  void apply(PreparedReload& next) {
    if (!listens_alike(next, *config_)) settle_with_predecessor();
    std::set<std::string> changed;
    for (const auto& [name, upstream] : next.changed_upstreams) changed.insert(name);
    for (const auto& [name, upstream] : next.new_upstreams) changed.insert(name);
    if (next.config->dns != config_->dns) {
      for (const auto& [name, upstream] : data_plane_.upstreams()) changed.insert(name);
    }
    std::set<std::string> known;
    for (const ListenerPtr& listener : data_plane_.removed()) known.insert(listener->config().name);
    const std::vector<ListenerPtr> changed_proxies = proxies_that_change(*next.config);
    apply_faults(next);
    data_plane_.apply(next);
    if (next.log) {
      apply_log(*std::move(next.log));
      live_->take_log_level(next.config->log.level);
    }
    config_ = next.config;
    plan_ = next.plan;
    control_.watch_upstreams(changed);
    certificate_watch_->watch(data_plane_.certificate_holders());
    live_->take_config(next.config_hash);
    for (const ListenerPtr& listener : data_plane_.removed()) {
      if (!known.contains(listener->config().name)) cut_later(listener);
    }
    for (const ListenerPtr& proxy : changed_proxies) cut(proxy);
    close_removed();
    release_left();
    for (const std::string& warning : plan_.warnings) spdlog::warn("{}", warning);
    try {
      apply_admin(std::move(next.admin));
    } catch (const std::exception& error) {
      spdlog::error("admin: {}; everything else is applied", error.what());
    }
    try {
      apply_faults_api(std::move(next.faults_api));
    } catch (const std::exception& error) {
      spdlog::error("{}: {}; everything else is applied", toxiproxy::kEndpointName, error.what());
    }
    warn_of_unused_sockets();
  }

  /// First, so that whoever connects to a listener that is new meets the faults that it has.
  void apply_faults(const PreparedReload& next) {
    faults_.take_config(*next.config, [&](const std::string& listener, faults::FaultSetPtr faults) {
      const auto prepared = next.listeners.find(listener);
      const ListenerPtr found =
          prepared == next.listeners.end() ? data_plane_.find(listener) : prepared->second.listener;
      if (found) data_plane_.set_faults(found, std::move(faults));
    });
  }

  void apply_admin(std::optional<admin::Endpoint::Prepared> next) {
    if (!next) return retire(admin_);
    const std::vector<std::string> bound = admin_.empty() ? std::vector<std::string>() : admin_.front().bound();
    if (admin_.empty()) {
      admin_.emplace_back(control_context_.get_executor(), *std::move(next), *live_);
    } else {
      admin_.front().apply(*std::move(next));
    }
    if (admin_.front().bound() != bound) say_where_admin();
  }

  void apply_faults_api(std::optional<admin::Endpoint::Prepared> next) {
    if (!next) return retire(faults_api_);
    const std::vector<std::string> bound =
        faults_api_.empty() ? std::vector<std::string>() : faults_api_.front().bound();
    if (faults_api_.empty()) {
      serve_faults_api(*std::move(next));
    } else {
      faults_api_.front().apply(*std::move(next));
    }
    if (faults_api_.front().bound() != bound) say_where_faults_api();
  }

  /// Of one endpoint or none.
  void retire(std::list<admin::Endpoint>& endpoint) {
    if (endpoint.empty()) return;
    retired_endpoints_.splice(retired_endpoints_.end(), endpoint);
    admin::Endpoint* old = &retired_endpoints_.back();
    try {
      old->retire([this, old] { retired_endpoints_.remove_if([old](const auto& any) { return &any == old; }); });
    } catch (const std::bad_alloc&) {
      retired_endpoints_.pop_back();  // the drain would wait for ever for its end
      throw;
    }
  }

  /// Those made while the daemon runs whose connections end with a configuration.
  std::vector<ListenerPtr> proxies_that_change(const ServerConfig& next) {
    std::vector<ListenerPtr> changing;
    for (const ListenerConfig& before : config_->listeners) {
      if (!before.made) continue;
      const auto after = std::find_if(next.listeners.begin(), next.listeners.end(),
                                      [&](const ListenerConfig& one) { return one.name == before.name; });
      if (after == next.listeners.end() || after->made != before.made)
        changing.push_back(data_plane_.find(before.name));
    }
    return changing;
  }

  /// Ends the connections of a listener, and of one that does not listen any more also those that its sockets still
  /// bring until they are closed.
  void cut(const ListenerPtr& listener) {
    data_plane_.cut_sessions(listener);
    if (!listens(*listener)) cutting_.push_back(listener);
  }

  bool listens(const Listener& listener) const {
    const auto open = data_plane_.listeners().find(listener.config().name);
    return open != data_plane_.listeners().end() && !open->second.sockets.empty();
  }

  /// `removed_listener: cut`.
  void cut_later(const ListenerPtr& listener) {
    if (config_->removed_listener != RemovedListener::cut) return;
    auto timer = std::make_shared<boost::asio::steady_timer>(control_context_, config_->drain_timeout);
    timer->async_wait([this, listener, timer](const boost::system::error_code& error) {
      const auto& removed = data_plane_.removed();
      if (error || std::find(removed.begin(), removed.end(), listener) == removed.end()) return;
      spdlog::warn("listener {}: cutting what is left of its connections; it was removed {} ago",
                   listener->config().name, format_duration(config_->drain_timeout));
      data_plane_.cut_sessions(listener);
    });
  }

  /// Both throw admin::Conflict during an upgrade.
  bool drain_listener(const std::string& name) {
    if (const std::string upgrading = upgrader_.obstacle(); !upgrading.empty()) throw admin::Conflict(upgrading);
    settle_with_predecessor();
    const bool news = data_plane_.drain_listener(name);
    close_removed();
    return news;
  }

  /// Throws admin::Conflict where a socket cannot be opened.
  bool enable_listener(const std::string& name) {
    if (const std::string upgrading = upgrader_.obstacle(); !upgrading.empty()) throw admin::Conflict(upgrading);
    settle_with_predecessor();
    try {
      if (!data_plane_.enable_listener(name, static_cast<int>(config_->limits.backlog))) return false;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      throw admin::Conflict("listener " + name + " stays drained: " + error.what());
    }
    say_where(data_plane_.listeners().at(name));
    return true;
  }

  /// Closes, step by step, the sockets that no listener goes on with.
  void close_removed() {
    const auto pause = data_plane_.close_removed();
    std::erase_if(cutting_, [this](const ListenerPtr& listener) { return listens(*listener); });
    for (const ListenerPtr& listener : cutting_) data_plane_.cut_sessions(listener);
    if (!pause) {
      cutting_.clear();
      return;
    }
    closing_.expires_after(*pause);
    closing_.async_wait([this](const boost::system::error_code& error) {
      if (!error) close_removed();
    });
  }

  /// What a reload left behind goes with the last connection that needs it.
  void release_left() {
    if (!data_plane_.release_left()) return;
    releasing_.expires_after(kReleasePoll);
    releasing_.async_wait([this](const boost::system::error_code& error) {
      if (!error) release_left();
    });
  }

  const ServerSource& source_;
  const HandedOverSockets handed_over_;
  InheritedSockets inherited_;  ///< until it serves
  std::shared_ptr<const ServerConfig> config_;
  CapacityPlan plan_;
  boost::asio::io_context control_context_{1};  // workers post to it, even when they are destroyed
  DataPlane data_plane_;
  FaultBoard faults_;
  Control control_;
  Reloader reloader_;
  upgrade::Upgrader upgrader_;
  boost::asio::steady_timer closing_;
  boost::asio::steady_timer releasing_;
  std::optional<LiveDaemon> live_;
  std::optional<ServiceStatus> service_status_;
  std::optional<Watchdog> watchdog_;
  std::optional<ConfigWatchThread> config_watch_;
  std::optional<CertificateWatch> certificate_watch_;
  std::vector<ListenerPtr> cutting_;  ///< whose last connections may still come, and end at once
  std::optional<LiveProxies> proxies_;
  std::optional<toxiproxy::Toxics> toxics_;
  std::list<admin::Endpoint> admin_;              ///< one or none
  std::list<admin::Endpoint> faults_api_;         ///< likewise
  std::list<admin::Endpoint> retired_endpoints_;  ///< whose last replies are on their way
};

void report_drain(const Outcome& outcome) {
  const Admission::Totals& totals = outcome.totals;
  spdlog::info("drained: {} ended by themselves, {} were cut", counted(totals.ended, "connection"), totals.cut);
  if (totals.closed_idle > 0) {
    spdlog::info("drain: of those that were not cut, {} were idle and closed by drain_spread", totals.closed_idle);
  }
  for (const DrainedConnection& connection : outcome.last_to_end) spdlog::info("drain: {}", describe(connection));
}

/// A log that could not be written cannot report that itself.
void report_losses(const LogEnd& log, std::uint64_t lost_records) {
  std::string status = log.losses;
  if (lost_records > 0) {
    status += fmt::format("{}{} connection records were lost", status.empty() ? "" : "; ", lost_records);
  }
  if (!status.empty()) service_manager::notify_status("stopped: " + status);
}

}  // namespace

int run_server(const ServerSource& source, const ServerConfig& config) {
  raise_descriptor_limit();
  grow_descriptor_table();  // before the logs have threads
  const auto tell_predecessor = [&](const std::string& reason) {
    if (source.predecessor != nullptr) source.predecessor->fail(reason);
  };
  HandedOverSockets handed_over;
  try {
    handed_over = HandedOverSockets(service_manager::take_sockets());  // it changes the environment
    start_logging(log_target(config.log));
  } catch (const std::exception& error) {
    tell_predecessor(error.what());
    fmt::print(stderr, "{}", for_stderr(fmt::format("weir: {}\n", error.what()), Priority::critical));
    return 1;
  }
  int status = 0;
  std::uint64_t lost_records = 0;
  bool must_leave = false;
  try {
    // A peer that has gone is an error of one write, never a signal (splice has no MSG_NOSIGNAL).
    std::signal(SIGPIPE, SIG_IGN);
    InheritedSockets inherited;
    if (source.predecessor != nullptr) {
      inherited = source.predecessor->receive_sockets();
      handed_over = HandedOverSockets(inherited.take_service_managers());
    }
    auto server = std::make_unique<Server>(source, config, std::move(handed_over), std::move(inherited));
    const Outcome outcome = server->run();
    lost_records = outcome.lost_records;
    must_leave = outcome.is_busy;
    // Its thread uses it until the program ends.
    [[maybe_unused]] const Server* still_used = must_leave ? server.release() : nullptr;
    report_drain(outcome);
  } catch (const std::exception& error) {
    const std::string reason = describe_failure(error);
    tell_predecessor(reason);
    for (const std::string& line : lines_of(reason)) spdlog::critical("{}", line);
    status = 1;
  }
  const LogEnd log = stop_logging();
  report_losses(log, lost_records);
  if (!log.finished || must_leave) ::_exit(status);
  return status;
}

}  // namespace weir
