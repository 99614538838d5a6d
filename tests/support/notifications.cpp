#include "tests/support/notifications.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace weir::test {

Notifications::Notifications() : path_(dir_.file("notify")), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
}

std::string Notifications::all() const {
  std::string result;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;) {
    result.append(buffer.data(), static_cast<std::size_t>(count)).append("\n");
  }
  return result;
}

}  // namespace weir::test
