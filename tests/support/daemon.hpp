#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/record.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {

/// The daemon `weir` while it serves: starts it, waits until it is ready, and gives its bound addresses and records.
///
///     Daemon daemon = Daemon::with_config("listeners: [{name: e, bind: '127.0.0.1:0', echo: {}}]");
///     Peer client = daemon.connect("e");
class Daemon {
 public:
  /// `weir run` with this YAML. Unless the text says otherwise, three workers serve, and records go to a file as JSON.
  static Daemon with_config(const std::string& yaml, const Process::Options& options = {},
                            const std::vector<std::string>& more_arguments = {});
  /// A verb that needs no file: `{"echo", "127.0.0.1:0"}`. Three workers and JSON records, by `--set`.
  static Daemon with_verb(std::vector<std::string> arguments, const Process::Options& options = {});

  /// What with_config() makes of the YAML.
  std::string complete(const std::string& yaml) const;
  /// Writes its file anew, completed as with_config() does; a reload takes it.
  void rewrite_config(const std::string& yaml) const;

  Process& process() { return *process_; }
  const Process& process() const { return *process_; }
  const TempDir& dir() const { return *dir_; }
  const std::string& access_log() const { return access_log_; }

  /// The addresses that the listener bound, as logged. Without a name: those of the first listener.
  std::vector<std::string> addresses(const std::string& listener = "") const;
  std::uint16_t port(const std::string& listener = "") const;
  Peer connect(const std::string& listener = "", Peer::Options options = {}) const;

  /// Every record written so far.
  std::vector<Record> records() const;
  /// The first record for which the predicate holds. Throws, with all records and the log, if none comes.
  Record wait_for_record(const RecordPredicate& predicate = any_record()) const;
  /// The records once there are that many; throws if there never are.
  std::vector<Record> wait_for_records(std::size_t count) const;

  /// SIGTERM; does not wait.
  void drain() const { process_->signal(15); }
  /// SIGTERM, then the exit status.
  int stop();

 private:
  Daemon() = default;
  void start(std::vector<std::string> arguments, const Process::Options& options);

  std::unique_ptr<TempDir> dir_ = std::make_unique<TempDir>();
  std::string access_log_ = dir_->file("access.log");
  std::vector<std::pair<std::string, std::string>> bound_;  ///< listener, address
  std::unique_ptr<Process> process_;
};

}  // namespace weir::test
