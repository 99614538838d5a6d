#include "common/journal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace weir {

bool stderr_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::string priority_prefix(Priority priority) { return "<" + std::to_string(static_cast<int>(priority)) + ">"; }

std::string for_stderr(std::string_view text, Priority priority) {
  if (!stderr_is_journal()) return std::string(text);
  const std::string prefix = priority_prefix(priority);
  std::string prefixed;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    prefixed += prefix;
    prefixed += text.substr(0, line.size() + 1);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return prefixed;
}

}  // namespace weir
