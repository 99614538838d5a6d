#include "client/same_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace weir::load {

bool is_same_file(const std::string& read, const std::string& written) {
  if (written == "-") return false;
  struct stat of_read{};
  struct stat of_written{};
  const bool is_there = read == "-" ? ::fstat(STDIN_FILENO, &of_read) == 0 : ::stat(read.c_str(), &of_read) == 0;
  if (!is_there || ::stat(written.c_str(), &of_written) != 0) return read == written;
  return S_ISREG(of_read.st_mode) && of_read.st_dev == of_written.st_dev && of_read.st_ino == of_written.st_ino;
}

}  // namespace weir::load
