#include "server/listener/socket_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/accounts.hpp"
#include "common/io/descriptor.hpp"
#include "common/io/stream.hpp"

namespace weir {

namespace {

constexpr std::string_view kPrefix = "unix:";

[[noreturn]] void fail(const std::string& doing, int error) {
  throw std::system_error(error, std::generic_category(), doing);
}

/// The path of a unix socket in the file system; empty for all others.
std::string path_of(const Endpoint& endpoint) {
  const std::string text = endpoint.to_string();
  const bool has_file = endpoint.is_unix() && text.size() > kPrefix.size() && text[kPrefix.size()] != '@';
  return has_file ? text.substr(kPrefix.size()) : std::string();
}

std::string name_of(const std::string& path) { return std::string(kPrefix) + path; }

/// The number of a user or a group, or -1, which leaves it as it is (chown(2)).
template <typename Find>
auto account(const std::string& name, Find find) {
  using Id = typename decltype(find(name))::value_type;
  if (name.empty()) return static_cast<Id>(-1);
  const std::optional<Id> id = find(name);
  if (!id) throw std::runtime_error("there is no user or group " + name);  // gone since the configuration was read
  return *id;
}

std::string names_of(const UnixConfig& config) {
  return (config.owner.empty() ? "" : "user " + config.owner) +
         (config.owner.empty() || config.group.empty() ? "" : " and ") +
         (config.group.empty() ? "" : "group " + config.group);
}

/// Uses the file's own descriptor, so that a link put in its place cannot redirect it; without /proc, uses its path.
int change_mode(int file, const std::string& path, mode_t mode) {
  const std::string itself = "/proc/self/fd/" + std::to_string(file);
  if (::chmod(itself.c_str(), mode) == 0) return 0;
  if (errno == ENOENT && ::chmod(path.c_str(), mode) == 0) return 0;
  return errno;
}

}  // namespace

SocketPermissions::SocketPermissions(const UnixConfig& config)
    : mode(config.mode),
      owner(account(config.owner, find_user)),
      group(account(config.group, find_group)),
      whom(names_of(config)) {}

bool SocketFile::is_needed(const Endpoint& endpoint) { return !path_of(endpoint).empty(); }

void SocketFile::make_room(const Endpoint& endpoint) {
  const std::string path = path_of(endpoint);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw std::runtime_error("cannot listen on " + name_of(path) +
                             ": something that is no socket is there; remove it, or use another path");
  }
  if (io::start_connect(endpoint).error == ECONNREFUSED) ::unlink(path.c_str());
}

SocketFile::SocketFile(const Endpoint& endpoint) : path_(path_of(endpoint)) {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) fail("cannot find " + name_of(path_), errno);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), owned_(other.owned_), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(owned_, other.owned_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

SocketFile::~SocketFile() { remove(); }

void SocketFile::remove() noexcept {
  struct stat status{};
  if (path_.empty() || !owned_ || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

void SocketFile::set(const SocketPermissions& permissions) const {
  const io::Descriptor file(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) fail("cannot open " + name_of(path_), errno);
  if (status.st_dev != device_ || status.st_ino != inode_ || !S_ISSOCK(status.st_mode)) {
    throw std::runtime_error("cannot listen on " + name_of(path_) + ": somebody has put something else there");
  }
  // First, because after chown(2) it may no longer be ours to change.
  if (const int error = change_mode(file.get(), path_, permissions.mode); error != 0) {
    fail("cannot set the mode of " + name_of(path_), error);
  }
  if (permissions.whom.empty()) return;
  if (::fchownat(file.get(), "", permissions.owner, permissions.group, AT_EMPTY_PATH) != 0) {
    fail("cannot give " + name_of(path_) + " to " + permissions.whom, errno);
  }
}

}  // namespace weir
