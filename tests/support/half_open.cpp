#include "tests/support/half_open.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::test {
namespace {

[[noreturn]] void fail(const char* what, int error) { throw std::system_error(error, std::generic_category(), what); }

}  // namespace

HalfOpen::HalfOpen(const Endpoint& target)
    : socket_(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);  // of each packet, keep nothing (socket(7), SO_ATTACH_FILTER)
  const sock_fprog program{1, &drop};
  if (::setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    fail("SO_ATTACH_FILTER", errno);
  }
  if (::connect(socket_.get(), target.data(), target.size()) == 0 || errno != EINPROGRESS) fail("connect", errno);
}

Peer HalfOpen::complete() {
  const int unused = 0;
  if (::setsockopt(socket_.get(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) != 0) {
    fail("SO_DETACH_FILTER", errno);
  }
  pollfd wait{socket_.get(), POLLOUT, 0};
  if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kHang).count())) != 1) fail("connect", ETIMEDOUT);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) fail("connect", error);
  ::fcntl(socket_.get(), F_SETFL, 0);
  return Peer(std::move(socket_));
}

}  // namespace weir::test
