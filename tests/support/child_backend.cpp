#include "tests/support/child_backend.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

#include "tests/support/fake_backend.hpp"

namespace weir::test {

ChildBackend::ChildBackend(const std::string& bytes, std::size_t most) {
  void* shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  progress_ = new (shared) Progress;
  const TestListener listener;  // the child's alone once this returns
  address_ = listener.address();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) serve(listener.fd(), bytes, most, *progress_);
}

ChildBackend::~ChildBackend() {
  kill();
  ::munmap(progress_, sizeof(Progress));
}

void ChildBackend::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

/// After fork in a program with threads: only what signal-safety(7) allows.
void ChildBackend::serve(int listener, const std::string& bytes, std::size_t most, Progress& progress) {
  static char buffer[64 * 1024];
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int client = ::accept(listener, nullptr, nullptr);
  while (progress.sent < bytes.size() || progress.taken < most) {
    const bool sends = progress.sent < bytes.size();
    const bool takes = progress.taken < most;
    pollfd wait{client, static_cast<short>((sends ? POLLOUT : 0) | (takes ? POLLIN : 0)), 0};
    ::poll(&wait, 1, -1);
    if (sends) {
      const std::size_t size = std::min(bytes.size() - progress.sent, sizeof(buffer));
      const ssize_t count = ::send(client, bytes.data() + progress.sent, size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) progress.sent += static_cast<std::size_t>(count);
      if (count < 0 && errno != EAGAIN) break;
    }
    if (takes) {
      const ssize_t count = ::recv(client, buffer, std::min(most - progress.taken, sizeof(buffer)), MSG_DONTWAIT);
      if (count > 0) progress.taken += static_cast<std::size_t>(count);
      if (count == 0 || (count < 0 && errno != EAGAIN)) break;
    }
  }
  for (;;) ::pause();
}

}  // namespace weir::test
