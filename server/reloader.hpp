#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/net.hpp"
#include "server/admin/daemon.hpp"
#include "server/config/config_diff_text.hpp"
#include "server/config/server_config.hpp"
#include "server/prepared_reload.hpp"

namespace weir {

/// Loads the configuration anew while the daemon serves, one reload after the other:
///
///     load ─▶ compare ─▶ prepare: names resolved, files read, sockets bound ─▶ apply
///     ╰────────────── a thread of its own ──────────────────────────────╯   control thread
///
/// Whatever fails does so before anything is applied; what was prepared is thrown away then, and what runs goes on.
/// Control thread.
class Reloader {
 public:
  /// What it works with. Outlives it.
  struct Parts {
    boost::asio::io_context& context;
    /// Reads the configuration; throws ConfigError. Called on the other thread.
    std::function<ServerConfig(bool dry_run)> load;
    /// What it is prepared beside.
    std::function<RunningState()> look;
    /// How many connections there are, for people.
    std::function<ConnectionCounts()> count;
    /// Why there can be no reload now, or nothing.
    std::function<std::string()> obstacle;
    /// Goes on with what was prepared.
    std::function<void(PreparedReload&)> apply;
    /// Calls a function, on any thread, once all workers have taken over what was applied.
    std::function<void(std::function<void()> done)> settle;
    /// Told what came of each reload of the file that was no dry run.
    std::function<void(const admin::Reload& outcome)> concluded{};
    /// Why there can be no change now, which needs no file, or nothing.
    std::function<std::string()> obstacle_to_change{};
  };

  explicit Reloader(Parts parts) : parts_(std::move(parts)) {}
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;
  /// Waits for what is being prepared, which is thrown away.
  ~Reloader();

  /// Whether something is being prepared, which may take as long as a name takes to be resolved.
  bool is_preparing() const { return preparing_; }

  /// Whether a reload is under way or waits.
  bool is_busy() const { return !jobs_.empty(); }

  /// Begins a reload, or queues it behind the one that is under way; adds nothing to one that waits already. `who` is
  /// for the log.
  void start(const std::string& who);
  /// The same, and waits for what comes of it. It goes on when the caller is cancelled. With `dry_run`
  /// everything is prepared but the logs, and thrown away.
  net::awaitable<admin::Reload> reload(std::string who, bool dry_run);
  using Change = std::function<ServerConfig(const ServerConfig& running)>;
  /// The same with what the function makes of the configuration that runs, in place of the file. It is called on the
  /// other thread, and what it throws is a problem. Later reloads keep the listeners that were made in this way.
  net::awaitable<admin::Reload> change(std::string who, Change change);
  /// Resumes when none is under way. Until the caller waits again, none begins.
  net::awaitable<void> until_idle();

 private:
  struct Job;
  /// What the other thread made.
  struct Made;

  std::shared_ptr<Job> enqueue(const std::string& who, bool dry_run, Change change = {});
  std::string obstacle_to(const Job& job) const;
  void begin_next();
  void prepare(const std::shared_ptr<Job>& job);
  void make(const Job& job, const RunningState& running, Made& made) const;
  void finish(const std::shared_ptr<Job>& job, const std::shared_ptr<Made>& made);
  void apply(const Job& job, Made& made);
  void conclude(const std::shared_ptr<Job>& job, Made& made);

  const Parts parts_;
  std::deque<std::shared_ptr<Job>> jobs_;  ///< the first is under way
  bool preparing_ = false;
  std::thread thread_;
};

}  // namespace weir
