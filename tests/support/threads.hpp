#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace weir::test {

/// The threads of a program, by their names; those that end meanwhile may be missing.
struct NamedThread {
  std::string name;
  pid_t id;
};
std::vector<NamedThread> threads_of(const Process& process);
bool has_thread(const Process& process, const std::string& name);

/// One thread of a process that stands still as long as this is there. SIGSTOP would stop all of them.
class StoppedThread {
 public:
  /// Throws std::runtime_error.
  StoppedThread(const Process& process, const std::string& name);
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;
  ~StoppedThread();

 private:
  pid_t thread_;
};

}  // namespace weir::test
