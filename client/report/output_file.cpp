#include "client/report/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "client/report/file_attributes.hpp"
#include "client/same_file.hpp"

namespace weir::load {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& name, int error) {
  throw std::runtime_error("cannot write " + (name == "-" ? std::string("the report") : name) + ": " +
                           std::strerror(error));
}

/// Zero, or the error.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// A new file in a folder, of a name that nobody can have made beforehand; it goes into `name`.
io::Descriptor open_beside(const fs::path& folder, mode_t mode, std::string& name) {
  std::random_device random;
  name = (folder / fmt::format(".weir-load.{:08x}{:08x}", random(), random())).string();
  return io::Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
}

/// Makes a new file as accessible as one that it is to replace. False where that can't be.
bool make_alike(int fd, const std::string& name, const std::string& replaced, const struct stat& status) {
  if (::fchown(fd, static_cast<uid_t>(-1), status.st_gid) != 0) return false;
  if (::fchmod(fd, status.st_mode & 07777) != 0) return false;
  // A folder may have given it an access control list.
  const auto attributes = attributes_of(replaced);
  return attributes && attributes == attributes_of(name);
}

/// A file where it is. One that is there is not "created", which a folder of everybody may refuse to all but its owner.
io::Descriptor open_in_place(const std::string& name) {
  io::Descriptor file(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
  if (file || errno != ENOENT) return file;
  return io::Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

/// Whether what is printed goes there already.
bool is_where_stdout_goes(const struct stat& status) {
  struct stat out{};
  return S_ISREG(status.st_mode) && ::fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == status.st_dev &&
         out.st_ino == status.st_ino;
}

/// Whether another file with its name would be the same to everybody.
bool is_replaceable(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_nlink == 1;
}

/// What the kernel shows as files, and are none that could get another's name.
bool is_kernels(const std::string& name) { return name.starts_with("/dev/") || name.starts_with("/proc/"); }

/// Whether a file system or another file is mounted there, which is no name that another could get.
bool is_mount_point(const std::string& name) {
  struct statx status{};
  return ::statx(AT_FDCWD, name.c_str(), 0, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool takes_files(const fs::path& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

}  // namespace

OutputFile::OutputFile(const std::string& name) : name_(name) {
  if (!is_wanted()) return;
  if (is_stdout_name(name)) name_ = "-";
  if (is_stdout()) return;
  struct stat status{};
  const bool is_there = ::stat(name.c_str(), &status) == 0;
  if (!is_there && errno != ENOENT) fail(name, errno);
  if (is_there && is_where_stdout_goes(status)) {
    throw std::runtime_error("cannot write " + name + ": stdout goes there; `-` stands for stdout");
  }
  std::error_code error;
  // A link that leads nowhere yet has no place that could be told; neither has a file that lies in no folder any more.
  const bool is_link = fs::is_symlink(fs::symlink_status(name, error));
  const bool is_plain = is_there ? is_replaceable(status) && !is_kernels(name) && !is_mount_point(name) : !is_link;
  const fs::path place = is_there ? fs::canonical(name, error) : fs::absolute(name, error);
  if (is_plain && !error && place.has_filename() && takes_files(place.parent_path())) {
    // One that nobody may write is not replaced either.
    if (is_there && ::access(name.c_str(), W_OK) != 0) fail(name, errno);
    place_ = place.string();
    return;
  }
  open_ = open_in_place(name);
  if (!open_) fail(name, errno);
}

void OutputFile::write(std::string_view text) {
  if (!place_.empty() && replace(text)) return;
  // What was found replaceable before the run may be so no more.
  io::Descriptor found;
  if (!is_stdout() && !open_) found = open_in_place(name_);
  const int fd = is_stdout() ? STDOUT_FILENO : open_ ? open_.get() : found.get();
  if (fd < 0) fail(name_, errno);
  struct stat status{};
  // A pipe or a device has nothing to be cut.
  if (!is_stdout() && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
      (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0)) {
    fail(name_, errno);
  }
  if (const int error = write_all(fd, text); error != 0) fail(name_, error);
}

bool OutputFile::replace(std::string_view text) const {
  struct stat status{};
  const bool is_there = ::lstat(place_.c_str(), &status) == 0;
  if (is_there && !is_replaceable(status)) return false;
  std::string beside;
  // It is nobody else's until it is like the one that it replaces.
  const io::Descriptor file = open_beside(fs::path(place_).parent_path(), is_there ? 0600 : 0666, beside);
  if (!file) return false;
  int error = 0;
  if (!is_there || make_alike(file.get(), beside, place_, status)) {
    error = write_all(file.get(), text);
    if (error == 0 && std::rename(beside.c_str(), place_.c_str()) == 0) return true;
  }
  ::unlink(beside.c_str());
  // Where there is no room for the new one, the old one is not given up for it.
  if (error != 0) fail(name_, error);
  return false;
}

}  // namespace weir::load
