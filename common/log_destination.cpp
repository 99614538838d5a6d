#include "common/log_destination.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir {

namespace {

/// Ends a write(2) that blocks after all. Ignored by default, and Weir gets none otherwise: it sets no socket's owner.
constexpr int kInterrupt = SIGURG;

struct Destinations {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<LogDestination>> by_file;
};

Destinations& destinations() {
  static Destinations all;
  return all;
}

void handle_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) {};  // and no SA_RESTART
  ::sigaction(kInterrupt, &action, nullptr);
}

/// What a pipe takes whole once poll(2) says that it is writable (pipe(7)). Larger pieces would show late that a slow
/// reader reads.
constexpr std::size_t kChunk = PIPE_BUF;

std::string_view whole_lines(std::string_view lines) {
  if (lines.size() <= kChunk) return lines;
  const std::size_t end = lines.rfind('\n', kChunk - 1);
  return lines.substr(0, end == std::string_view::npos ? kChunk : end + 1);
}

std::size_t line_begin(std::string_view lines, std::size_t at) { return at == 0 ? 0 : lines.rfind('\n', at - 1) + 1; }

int open_path(const std::string& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) == 0 && S_ISFIFO(status.st_mode)) {
    // With a reading end of its own a FIFO can be opened before it has a reader, and outlives one (fifo(7)).
    const int both = ::open(file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return both >= 0 || errno != EACCES ? both : ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  }
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
}

int duplicate_stderr() {
  const int fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  // A program that was started without a stderr may have a socket in its place soon.
  return fd >= 0 || errno != EBADF ? fd : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
}

bool ends_within_a_line(int fd, off_t size) {
  if (size == 0) return false;
  const io::Descriptor file(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
  char last = '\n';
  return file && ::pread(file.get(), &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

std::shared_ptr<LogDestination> LogDestination::open(const std::string& file) {
  const std::lock_guard<std::mutex> lock(destinations().mutex);
  std::erase_if(destinations().by_file, [](const auto& known) { return known.second.expired(); });
  std::weak_ptr<LogDestination>& known = destinations().by_file[file];
  if (std::shared_ptr<LogDestination> shared = known.lock()) return shared;
  std::shared_ptr<LogDestination> opened(new LogDestination(file));
  known = opened;
  return opened;
}

std::string LogDestination::problem_with(const std::string& file) {
  if (file == "-") return "";
  struct stat status{};
  const auto may = [](const std::string& path, int how) {
    return ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
  };
  if (::stat(file.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return std::strerror(EISDIR);
    if (S_ISSOCK(status.st_mode)) return "it is a socket";
    return may(file, W_OK) ? "" : std::strerror(errno);
  }
  if (errno != ENOENT) return std::strerror(errno);
  const std::filesystem::path parent = std::filesystem::path(file).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (::stat(folder.c_str(), &status) != 0) {
    return errno == ENOENT ? "there is no folder " + folder : "folder " + folder + ": " + std::strerror(errno);
  }
  return may(folder, W_OK | X_OK) ? "" : "folder " + folder + ": " + std::strerror(errno);
}

std::vector<std::shared_ptr<LogDestination>> LogDestination::all() {
  std::vector<std::shared_ptr<LogDestination>> result;
  const std::lock_guard<std::mutex> lock(destinations().mutex);
  for (const auto& [file, weak] : destinations().by_file) {
    if (std::shared_ptr<LogDestination> destination = weak.lock()) result.push_back(std::move(destination));
  }
  return result;
}

LogDestination::LogDestination(const std::string& file)
    : file_(file), target_(open_target()), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_) throw std::runtime_error(std::string("cannot make an eventfd: ") + std::strerror(errno));
  static std::once_flag once;
  std::call_once(once, handle_interrupts);
}

LogDestination::Target LogDestination::open_target() const {
  const bool is_stderr = file_ == "-";
  Target target;
  target.fd = io::Descriptor(is_stderr ? duplicate_stderr() : open_path(file_));
  struct stat status{};
  if (!target.fd || ::fstat(target.fd.get(), &status) != 0) {
    const std::string reason = std::strerror(errno);
    const std::string problem = is_stderr ? "" : problem_with(file_);
    throw std::runtime_error("cannot open " + (is_stderr ? "stderr" : file_) + ": " +
                             (problem.empty() ? reason : problem));
  }
  if (S_ISREG(status.st_mode)) {
    target.torn = ends_within_a_line(target.fd.get(), status.st_size);
  } else if (!is_stderr) {
    target.kind = Kind::own;
  } else {
    target.kind = S_ISSOCK(status.st_mode) ? Kind::socket : Kind::shared;
  }
  return target;
}

LogDestination::Written LogDestination::write(std::string_view lines, const std::atomic<bool>& given_up) {
  const Deadline never(kNever);
  return write(lines, given_up, never);
}

bool LogDestination::wait_until_free(std::unique_lock<std::mutex>& lock, const std::atomic<bool>& given_up,
                                     const Deadline& until) {
  while (busy_ && !given_up) {
    const Time end = until;
    if (end == kNever) {
      free_.wait(lock);
    } else if (free_.wait_until(lock, end) == std::cv_status::timeout && busy_) {
      return false;
    }
  }
  return true;
}

LogDestination::Written LogDestination::write(std::string_view lines, const std::atomic<bool>& given_up,
                                              const Deadline& until) {
  std::vector<Target> replaced;  // closed once the mutex is free
  Written done;
  std::size_t begin = 0;  // of what the target got
  std::unique_lock<std::mutex> lock(mutex_);
  done.late = !wait_until_free(lock, given_up, until);
  if (given_up || done.late) return done;
  busy_ = true;
  writer_ = ::pthread_self();
  while (done.bytes < lines.size() && done.error == 0 && !done.late && !given_up) {
    if (next_) {
      replaced.push_back(take_next());
      begin = done.bytes = line_begin(lines, done.bytes);
    }
    lock.unlock();
    write_chunk(lines, done, until);
    lock.lock();
  }
  if (done.bytes > begin) target_.torn = lines[done.bytes - 1] != '\n';
  if (next_) replaced.push_back(take_next());  // it was opened during the last chunk
  busy_ = false;
  free_.notify_all();
  return done;
}

LogDestination::Target LogDestination::take_next() {
  Target replaced = std::exchange(target_, std::move(*next_));
  next_.reset();
  return replaced;
}

void LogDestination::write_chunk(std::string_view lines, Written& done, const Deadline& until) {
  // poll(2) cannot promise that write(2) won't block, because others may write to the same pipe or terminal: that is
  // what interrupt()'s signal is for.
  if (target_.kind == Kind::shared) {
    const Wait wait = wait_until_writable(until);
    done.late = wait == Wait::late;
    if (wait != Wait::writable) return;
  }
  const std::string_view rest = lines.substr(done.bytes);
  const ssize_t count = write_once(target_.torn ? "\n" : target_.kind == Kind::file ? rest : whole_lines(rest));
  if (count > 0) {
    if (!std::exchange(target_.torn, false)) done.bytes += static_cast<std::size_t>(count);
    progress_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
    return;
  }
  const int error = count == 0 ? EIO : errno;
  if (error == EINTR) return;
  if (error != EAGAIN) {
    done.error = error;
    return;
  }
  const Wait wait = wait_until_writable(until);
  done.late = wait == Wait::late;
  if (wait != Wait::writable) return;
  // A reader that made room for a little goes on reading: with a pause many chunks fit at once, and what is writable
  // but takes nothing, as a terminal with room for half a line's end, costs no processor.
  ::poll(nullptr, 0, 1);
  done.late = std::chrono::steady_clock::now() >= until.load();
}

LogDestination::Wait LogDestination::wait_until_writable(const Deadline& until) {
  using std::chrono::milliseconds;
  std::array<pollfd, 2> waits{{{target_.fd.get(), POLLOUT, 0}, {wake_.get(), POLLIN, 0}}};
  int timeout = -1;
  if (const Time end = until; end != kNever) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    timeout = static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(60'000)).count());
  }
  const int ready = ::poll(waits.data(), waits.size(), timeout);
  if (ready == 0) return Wait::late;
  if (ready < 0) return Wait::woken;
  if (waits[1].revents != 0) {
    std::uint64_t times = 0;
    // It never blocks, and nobody holds the mutex here. NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
    [[maybe_unused]] const ssize_t count = ::read(wake_.get(), &times, sizeof times);
    return Wait::woken;
  }
  return Wait::writable;
}

ssize_t LogDestination::write_once(std::string_view bytes) {
  const int fd = target_.fd.get();
  if (target_.kind == Kind::socket) return ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(fd, bytes.data(), bytes.size());
}

void LogDestination::interrupt() {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.notify_all();
  const std::uint64_t once = 1;
  [[maybe_unused]] const ssize_t count = ::write(wake_.get(), &once, sizeof once);
  if (busy_) ::pthread_kill(writer_, kInterrupt);
}

void LogDestination::reopen() {
  if (file_ == "-") return;
  std::optional<Target> next = open_target();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (busy_) {
      next_.swap(next);
    } else {
      std::swap(target_, *next);
    }
  }
  interrupt();
}

bool LogDestination::may_block() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return target_.kind != Kind::file;
}

}  // namespace weir
