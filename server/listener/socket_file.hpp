#pragma once

#include <sys/types.h>

#include <string>

#include "common/endpoint.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Who may connect to a unix socket: its configuration with its accounts looked up.
struct SocketPermissions {
  /// Throws std::runtime_error where an account is gone since the configuration was read.
  explicit SocketPermissions(const UnixConfig& config);

  mode_t mode;
  uid_t owner;  ///< -1 leaves it as it is (chown(2)), as does the group's
  gid_t group;
  std::string whom;  ///< the accounts for people; empty where none is given
};

/// The file of a unix socket that this process has bound, removed when this goes, if it is there still. Whoever owns
/// the directory may put something else in its place at any time; that is neither changed nor removed.
class SocketFile {
 public:
  /// Whether the endpoint has a file: abstract and internet sockets have none.
  static bool is_needed(const Endpoint& endpoint);
  /// Removes what a process left behind that listens there no more. Throws std::runtime_error where the file is no
  /// socket; one that still accepts is left for bind(2) to refuse.
  static void make_room(const Endpoint& endpoint);

  /// Of no socket.
  SocketFile() = default;
  /// Of a socket that was just bound. Throws std::system_error.
  explicit SocketFile(const Endpoint& endpoint);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile();

  /// Before listen(2), while every connect(2) is refused: whoever the umask would have let in finds nobody. Throws
  /// std::system_error that names what failed.
  void set(const SocketPermissions& permissions) const;

 private:
  void remove() noexcept;

  std::string path_;  ///< empty: of no socket
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace weir
