#pragma once

#include <sys/types.h>

#include <string>

#include "common/endpoint.hpp"
#include "server/config/server_config.hpp"

namespace weir {

/// Who may connect to a unix socket: its configuration with its accounts looked up.
struct SocketPermissions {
  /// Throws std::runtime_error if an account has gone since the configuration was read.
  explicit SocketPermissions(const UnixConfig& config);

  mode_t mode;
  uid_t owner;  ///< -1 leaves it as it is (chown(2)), as does the group's
  gid_t group;
  std::string whom;  ///< the accounts, for people; empty if none is configured
};

/// The file of a unix socket that this process has bound. The destructor removes it if it is still there. The owner of
/// the directory may put something else in its place at any time; that is neither changed nor removed.
class SocketFile {
 public:
  /// Whether the endpoint has a file: abstract and internet sockets don't.
  static bool is_needed(const Endpoint& endpoint);
  /// Removes the socket of a process that no longer listens there. Throws std::runtime_error if the file is not a
  /// socket. A socket that still accepts is left alone, and bind(2) will refuse it.
  static void make_room(const Endpoint& endpoint);

  /// No file.
  SocketFile() = default;
  /// The file of a socket that was just bound. Throws std::system_error.
  explicit SocketFile(const Endpoint& endpoint);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile();

  /// Call before listen(2), while every connect(2) is still refused, even for users whom the umask would let in. Throws
  /// std::system_error that names what failed.
  void set(const SocketPermissions& permissions) const;
  /// Whether the destructor removes it; otherwise another process does.
  void own(bool owned) { owned_ = owned; }

 private:
  void remove() noexcept;

  std::string path_;  ///< empty: no file
  bool owned_ = true;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace weir
