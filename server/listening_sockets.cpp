#include "server/listening_sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "common/address.hpp"

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

/// As proc(5) has an address: each 32 bits of it as a number of eight hexadecimal digits, then the port. Nothing where
/// the text is something else.
std::optional<Endpoint> parse_local(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  std::array<std::uint32_t, 4> address{};
  const auto read_hex = [](std::string_view digits, auto& number) {
    const char* const end = digits.data() + digits.size();
    return std::from_chars(digits.data(), end, number, 16).ptr == end;
  };
  for (std::size_t i = 0; i < colon / 8; ++i) {
    if (!read_hex(text.substr(8 * i, 8), address[i])) return std::nullopt;  // its bytes stand as the kernel keeps them
  }
  std::uint16_t port = 0;
  if (!read_hex(text.substr(colon + 1), port)) return std::nullopt;
  if (colon == 8) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = address[0];
    return Endpoint(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.data(), sizeof v6.sin6_addr);
  return Endpoint(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

/// proc_net(5): a state of 0A is LISTEN.
void add_tcp(const fs::path& table, const std::set<std::string>& own, std::vector<Endpoint>& found) {
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string local;
    std::string state;
    std::string inode;
    fields >> skipped >> local >> skipped >> state >> skipped >> skipped >> skipped >> skipped >> skipped >> inode;
    if (state != "0A" || !own.contains(inode)) continue;
    if (const std::optional<Endpoint> endpoint = parse_local(local)) found.push_back(*endpoint);
  }
}

/// unix(7): the flags of a socket that listens are __SO_ACCEPTCON, and an abstract name begins with @. The name is the
/// rest of the line, blanks and all.
void add_unix(const fs::path& table, const std::set<std::string>& own, std::vector<Endpoint>& found) {
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string flags;
    std::string inode;
    std::string name;
    fields >> skipped >> skipped >> skipped >> flags >> skipped >> skipped >> inode;
    if (flags != "00010000" || !own.contains(inode)) continue;
    fields.ignore(1);
    std::getline(fields, name);
    if (name.size() > kLongestUnixName) name.clear();  // of a path that fills all of it, which no configuration names
    found.push_back(name.starts_with('@') ? Endpoint::unix_abstract(std::string_view(name).substr(1))
                                          : Endpoint::unix_path(name));
  }
}

}  // namespace

std::vector<Endpoint> listening_sockets_of(const fs::path& process) {
  const std::set<std::string> own = sockets_of(process);
  std::vector<Endpoint> found;
  add_tcp(process / "net/tcp", own, found);
  add_tcp(process / "net/tcp6", own, found);
  add_unix(process / "net/unix", own, found);
  return found;
}

}  // namespace weir
