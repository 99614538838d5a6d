#include "client/same_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace weir::load {

namespace {

namespace fs = std::filesystem;

/// As many as Linux follows (path_resolution(7)).
constexpr int kMostLinks = 40;

/// Where a file of that name would be made, in its folder by that one's own name: behind links that lead nowhere yet.
fs::path place_to_be(fs::path name) {
  std::error_code error;
  for (int links = 0; links < kMostLinks && fs::is_symlink(fs::symlink_status(name, error)); ++links) {
    const fs::path target = fs::read_symlink(name, error);
    if (error) break;
    name = name.parent_path() / target;  // which is the target alone where that is absolute
  }
  const fs::path absolute = fs::absolute(name, error);
  const fs::path folder = fs::canonical(absolute.parent_path(), error);
  return error ? absolute.lexically_normal() : folder / absolute.filename();
}

}  // namespace

bool is_same_file(const std::string& read, const std::string& written) {
  if (written == "-") return false;
  struct stat of_read{};
  struct stat of_written{};
  const bool is_there = read == "-" ? ::fstat(STDIN_FILENO, &of_read) == 0 : ::stat(read.c_str(), &of_read) == 0;
  if (!is_there || ::stat(written.c_str(), &of_written) != 0) return read == written;
  return S_ISREG(of_read.st_mode) && of_read.st_dev == of_written.st_dev && of_read.st_ino == of_written.st_ino;
}

bool is_same_output(const std::string& a, const std::string& b) {
  if (a == b) return true;
  if (is_stdout_name(a) || is_stdout_name(b)) return is_stdout_name(a) && is_stdout_name(b);
  struct stat of_a{};
  struct stat of_b{};
  const bool has_a = ::stat(a.c_str(), &of_a) == 0;
  const bool has_b = ::stat(b.c_str(), &of_b) == 0;
  if (has_a != has_b) return false;
  if (!has_a) return place_to_be(a) == place_to_be(b);
  const bool is_device = S_ISCHR(of_a.st_mode) || S_ISBLK(of_a.st_mode);
  return !is_device && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

bool is_stdout_name(const std::string& name) {
  return name == "-" || name == "/dev/stdout" || name == "/dev/fd/1" || name == "/proc/self/fd/1";
}

}  // namespace weir::load
