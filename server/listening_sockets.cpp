#include "server/listening_sockets.hpp"

#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// The inodes of a process's sockets, which are what its descriptors lead to: `socket:[4711]`.
std::set<std::string> sockets_of(const fs::path& process) {
  constexpr std::string_view kBefore = "socket:[";
  std::set<std::string> inodes;
  for (const fs::directory_entry& descriptor : fs::directory_iterator(process / "fd")) {
    std::error_code closed;
    const std::string target = fs::read_symlink(descriptor.path(), closed).string();
    if (!closed && target.starts_with(kBefore)) inodes.insert(target.substr(8, target.size() - kBefore.size() - 1));
  }
  return inodes;
}

/// proc_net(5): a state of 0A is LISTEN, and a local address ends in the port as four hexadecimal digits.
void add_ports(const fs::path& table, const std::set<std::string>& own, ListeningSockets& found) {
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string local;
    std::string state;
    std::string inode;
    fields >> skipped >> local >> skipped >> state >> skipped >> skipped >> skipped >> skipped >> skipped >> inode;
    const std::size_t colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos || !own.contains(inode)) continue;
    std::uint16_t port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16);
    found.ports.insert(port);
  }
}

/// unix(7): the flags of a socket that listens are __SO_ACCEPTCON.
bool listens_on_unix_socket(const fs::path& table, const std::set<std::string>& own) {
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string flags;
    std::string inode;
    fields >> skipped >> skipped >> skipped >> flags >> skipped >> skipped >> inode;
    if (flags == "00010000" && own.contains(inode)) return true;
  }
  return false;
}

}  // namespace

ListeningSockets listening_sockets_of(const fs::path& process) {
  const std::set<std::string> own = sockets_of(process);
  ListeningSockets found;
  add_ports(process / "net/tcp", own, found);
  add_ports(process / "net/tcp6", own, found);
  found.unix_sockets = listens_on_unix_socket(process / "net/unix", own);
  return found;
}

}  // namespace weir
