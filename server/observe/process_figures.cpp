#include "server/observe/process_figures.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

namespace weir {

namespace {

std::uint64_t open_descriptors() {
  struct stat status{};
  // Since Linux 6.2 its size is the number of descriptors; before, they must be counted.
  if (::stat("/proc/self/fd", &status) == 0 && status.st_size > 0) return static_cast<std::uint64_t>(status.st_size);
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    ++count;
  }
  return count == 0 ? 0 : count - 1;  // without the one that reads them
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessSnapshot read_process_figures() {
  ProcessSnapshot process;
  process.pid = static_cast<std::uint64_t>(::getpid());
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) process.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) process.descriptor_limit = limit.rlim_cur;
  process.descriptors = open_descriptors();
  process.resident_bytes = resident_bytes();
  return process;
}

}  // namespace weir
