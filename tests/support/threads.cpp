#include "tests/support/threads.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace weir::test {

std::vector<NamedThread> threads_of(const Process& process) {
  std::vector<NamedThread> threads;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process.pid()) + "/task")) {
    std::string name;
    if (std::getline(std::ifstream(task.path() / "comm"), name)) {
      threads.push_back({name, std::stoi(task.path().filename())});
    }
  }
  return threads;
}

bool has_thread(const Process& process, const std::string& name) {
  const std::vector<NamedThread> threads = threads_of(process);
  return std::any_of(threads.begin(), threads.end(), [&](const NamedThread& thread) { return thread.name == name; });
}

StoppedThread::StoppedThread(const Process& process, const std::string& name) : thread_(-1) {
  for (const NamedThread& thread : threads_of(process)) {
    if (thread.name == name) thread_ = thread.id;
  }
  if (thread_ < 0) throw std::runtime_error("no thread " + name);
  if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0) throw std::runtime_error("PTRACE_SEIZE");
  if (::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0) throw std::runtime_error("PTRACE_INTERRUPT");
  if (::waitpid(thread_, nullptr, __WALL) != thread_) throw std::runtime_error("waitpid");
}

StoppedThread::~StoppedThread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

}  // namespace weir::test
