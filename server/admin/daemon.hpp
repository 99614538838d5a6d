#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/faults/fault.hpp"
#include "common/net.hpp"
#include "server/config/config_diff.hpp"
#include "server/config/server_config.hpp"
#include "server/faults/fault_book.hpp"
#include "server/observe/faults_snapshot.hpp"
#include "server/observe/history.hpp"
#include "server/observe/live_connection.hpp"
#include "server/observe/snapshot.hpp"

namespace weir::admin {

/// What an attempt to change something came to.
enum class Change : std::uint8_t {
  done,
  already,    ///< it was so before
  not_found,  ///< no such listener, upstream, backend, connection or fault
};

/// What came of a reload, or would come of it.
struct Reload {
  enum class Result : std::uint8_t { applied, unchanged, refused };

  Result result = Result::refused;
  ConfigDiff diff{};                    ///< what it changed or would change; empty where the file could not be read
  std::vector<std::string> problems{};  ///< why it was refused, a line each, as `weir check` prints them
  bool may_pass = false;                ///< refused for the state of the machine, not for what the files say
};

/// What came of an upgrade.
struct Upgrade {
  int successor = 0;                    ///< the process that serves now; 0 where it failed
  std::vector<std::string> problems{};  ///< why it failed, a line each
};

/// Why something cannot be done now, for whoever asked for it.
struct Conflict : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the admin endpoint sees of the daemon, and can do to it. Control thread.
class Daemon {
 public:
  virtual ~Daemon() = default;

  virtual ServerSnapshot snapshot() = 0;
  virtual const History& history() const = 0;
  /// The effective configuration as YAML, every default filled in.
  virtual std::string effective_config() const = 0;
  /// The newest records of ended connections, newest first; `failed` for those alone that did not end in order.
  virtual std::vector<SessionRecord> recent_records(bool failed, std::size_t most) = 0;

  /// Never holds a worker up for longer than a slice of a millisecond.
  virtual net::awaitable<ConnectionPage> connections(ConnectionQuery query) = 0;
  /// Those that hold the most connections, greatest first.
  virtual net::awaitable<std::vector<SourceSummary>> top_sources(std::size_t most) = 0;
  /// Ends the connection as `killed`. Resumes once its session was told.
  virtual net::awaitable<Change> kill(std::uint64_t id) = 0;

  /// A drained backend gets no new connections and keeps those that it has. Both throw Conflict during an upgrade.
  virtual Change drain_backend(const std::string& upstream, const std::string& backend) = 0;
  virtual Change enable_backend(const std::string& upstream, const std::string& backend) = 0;
  /// A drained listener refuses newcomers as if nobody listened, and keeps the connections that it has. Both resume
  /// once no reload is under way, and throw Conflict where the daemon drains or a socket cannot be opened.
  virtual net::awaitable<Change> drain_listener(std::string name) = 0;
  virtual net::awaitable<Change> enable_listener(std::string name) = 0;
  /// Begins to drain the daemon, as SIGTERM does.
  virtual Change drain() = 0;

  /// What is done to connections on purpose; nothing where the configuration has no `faults`.
  virtual std::optional<FaultsSnapshot> faults() const = 0;
  /// Sets a fault of a listener, in place of the one of its name; without a `for` it stays as long as the configuration
  /// allows. `who` is for the log. Each of these three throws FaultRefused, whose text is for people, where the
  /// configuration has no `faults`; this one too where it does not allow the fault, or something is wrong with it.
  virtual Change set_fault(const std::string& listener, faults::Fault fault, const std::string& who) = 0;
  /// Of the configuration's as well, which come back with the next reload. Not found: the listener or the fault.
  virtual Change remove_fault(const std::string& listener, const std::string& name, const std::string& who) = 0;
  /// All faults of that listener, or of all listeners.
  virtual Change clear_faults(const std::optional<std::string>& listener, const std::string& who) = 0;
  /// Resumes once the connections that there are know what was set and cleared before, too.
  virtual net::awaitable<void> until_faults_reach_all() = 0;

  /// Loads the configuration file anew and applies it, or refuses it whole. With `dry_run` nothing is applied; the
  /// result says what would have come of it.
  virtual net::awaitable<Reload> reload(bool dry_run) = 0;

  /// Starts the program on the disk in this process's place; this one serves on where that fails.
  virtual net::awaitable<Upgrade> upgrade() = 0;

  virtual LogLevel log_level() const = 0;
  virtual void set_log_level(LogLevel level) = 0;
};

}  // namespace weir::admin
