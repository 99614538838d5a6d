#include "tests/support/private_network.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace weir::test {
namespace {

/// "40000 40001", made before a fork, because after it only what signal-safety(7) allows may be called.
struct PortRange {
  PortRange(std::uint16_t first, std::uint16_t last) { size = std::snprintf(text, sizeof text, "%u %u", first, last); }
  char text[16];
  int size;
};

bool bring_loopback_up() {
  const io::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  return socket && ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

bool write_local_ports(const PortRange& range) {
  const io::Descriptor file(::open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), range.text, static_cast<std::size_t>(range.size)) == range.size;
}

bool enter_new_network() {
  // Who is not root may make one inside a user namespace, where that is allowed.
  return ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

/// A child that runs `work`, says with one byte what errno it ended with, and stays until it is killed.
class Child {
 public:
  template <typename Work>
  explicit Child(Work work) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    const io::Descriptor from(ends[0]);
    const io::Descriptor to(ends[1]);
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const auto error = static_cast<char>(work() ? 0 : errno);
      if (::write(to.get(), &error, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char said = EIO;
    if (::read(from.get(), &said, 1) == 1) error_ = said;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  int error() const { return error_; }
  io::Descriptor open_namespace(const char* kind) const {
    const std::string path = "/proc/" + std::to_string(pid_) + "/ns/" + kind;
    return io::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  bool has_own(const char* kind) const {
    char own[64] = "";
    char its[64] = "";
    const std::string name = std::string("/ns/") + kind;
    return ::readlink(("/proc/self" + name).c_str(), own, sizeof own - 1) > 0 &&
           ::readlink(("/proc/" + std::to_string(pid_) + name).c_str(), its, sizeof its - 1) > 0 &&
           std::strcmp(own, its) != 0;
  }

 private:
  pid_t pid_ = -1;
  int error_ = EIO;
};

}  // namespace

PrivateNetwork::PrivateNetwork(std::uint16_t first, std::uint16_t last) {
  const PortRange range(first, last);
  const Child child([&] { return enter_new_network() && bring_loopback_up() && write_local_ports(range); });
  if (child.error() != 0) {
    why_not_ = "this machine allows no network of a test's own: " + std::generic_category().message(child.error());
    return;
  }
  network_ = child.open_namespace("net");
  if (child.has_own("user")) user_ = child.open_namespace("user");
  if (!network_) why_not_ = "the namespace cannot be opened: " + std::generic_category().message(errno);
}

void PrivateNetwork::set_local_ports(std::uint16_t first, std::uint16_t last) {
  const PortRange range(first, last);
  const Child child([&] { return enter() && write_local_ports(range); });
  if (child.error() != 0) throw std::system_error(child.error(), std::generic_category(), "ip_local_port_range");
}

bool PrivateNetwork::enter() const {
  return (!user_ || ::setns(user_.get(), CLONE_NEWUSER) == 0) && ::setns(network_.get(), CLONE_NEWNET) == 0;
}

}  // namespace weir::test
