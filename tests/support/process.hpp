#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"
#include "tests/support/private_network.hpp"
#include "tests/support/wait_until.hpp"

namespace weir::test {

/// One of the built programs while it runs, and its output. Whatever the test does, the child is gone when the object
/// is gone, and when the thread that started it ends.
class Process {
 public:
  struct Options {
    std::map<std::string, std::string> environment = {};  ///< added to the test's own
    std::optional<unsigned> descriptors = {};             ///< RLIMIT_NOFILE, soft and hard
    std::optional<uid_t> user = {};                       ///< runs as this user and group of the same number
    const PrivateNetwork* network = nullptr;              ///< runs in this one
    std::optional<int> error = {};                        ///< becomes its stderr, and err() stays empty
    std::string path = {};                                ///< of the program, where it is not the built one
    bool has_successors = false;  ///< it starts others that outlive it; they end with the object
    /// Handed over as a service manager does (sd_listen_fds_with_names(3)): name and descriptor.
    std::vector<std::pair<std::string, int>> sockets = {};
  };

  /// `program` is the name of a built program, or a path.
  Process(const std::string& program, std::vector<std::string> arguments, const Options& options);
  Process(const std::string& program, std::vector<std::string> arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  /// Whether SIGSTOP has stopped all its threads.
  bool stopped() const;

  /// The exit status, or 128 + the signal that killed it. Throws if it still runs after the time limit. Of one that has
  /// successors not all output may have come by then.
  int wait_exit(std::chrono::milliseconds bound = kHang);

  /// What came so far.
  std::string out() const;
  std::string err() const;
  /// The first line of stderr that the regular expression matches. Throws, with all that came, if the time limit passes
  /// or the program ends without such a line.
  std::string wait_for_error_line(const std::string& expression, std::chrono::milliseconds bound = kHang);
  std::string wait_for_output_line(const std::string& expression, std::chrono::milliseconds bound = kHang);

  /// Resident memory in bytes.
  std::size_t resident() const;
  /// Open descriptors.
  std::size_t descriptors() const;
  /// Open sockets.
  std::size_t sockets() const;

 private:
  std::string wait_for_line(const std::string& text, const std::string& expression, std::chrono::milliseconds bound);
  void read_output(int out, int err);

  pid_t pid_ = -1;
  const bool has_successors_;
  io::Descriptor pidfd_;
  std::optional<int> exit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_;
  std::string err_;
  bool closed_ = false;
  std::thread reader_;
};

/// Exit status and output of a program that has ended.
struct Finished {
  int exit;
  std::string out;
  std::string err;
};

/// Runs a program to its end.
Finished run(const std::string& program, std::vector<std::string> arguments, const Process::Options& options = {});

/// The lines of the text, without their newlines.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace weir::test
