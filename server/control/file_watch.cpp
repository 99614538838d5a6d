#include "server/control/file_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace weir {
namespace {

constexpr std::uint32_t kOfEntries =
    IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kOfFiles = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kOfFolders = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMostTries = 8;
constexpr std::size_t kBufferSize = std::size_t{256} * 1024;  // half of what the kernel keeps, as names are short

[[noreturn]] void refuse(const std::string& what, int error) {
  std::string text = what;
  if (error == EMFILE) text += " (fs.inotify.max_user_instances, or descriptors)";
  if (error == ENOSPC) text += " (fs.inotify.max_user_watches)";
  throw std::system_error(error, std::system_category(), text);
}

int open_inotify() {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) refuse("inotify", errno);
  return fd;
}

bool is_regular_file(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& context, std::function<void(bool writing)> changed)
    : inotify_(context, open_inotify()), changed_(std::move(changed)), buffer_(new char[kBufferSize]) {
  wait();
}

int FileWatch::add(const std::string& path, std::uint32_t events, bool needed) {
  // What two paths lead to is one watch, which tells of all that either wants.
  const int watch = ::inotify_add_watch(inotify_.native_handle(), path.c_str(), events | IN_MASK_ADD);
  if (watch >= 0) return watch;
  // One that has gone meanwhile is told by the folder that it was in.
  if (errno == ENOSPC || (needed && errno != ENOENT && errno != ENOTDIR)) refuse("inotify: " + path, errno);
  return -1;
}

void FileWatch::watch(const std::vector<std::string>& paths) {
  PathTrace trace = trace_paths(paths);
  // They may have led elsewhere before the folders were watched. What still changes then is told.
  for (int tries = 0; tries < kMostTries; ++tries) {
    watch_all(trace);
    PathTrace now = trace_paths(paths);
    if (now == trace) return;
    trace = std::move(now);
  }
}

void FileWatch::watch_all(const PathTrace& trace) {
  std::map<int, Interest> next;
  for (const std::string& folder : trace.folders) {
    if (const int watch = add(folder, kOfFolders, false); watch >= 0) next[watch].itself = true;
  }
  for (const auto& [folder, names] : trace.entries) {
    const int watch = add(folder, kOfEntries, true);
    if (watch < 0) continue;
    next[watch].folder = folder;
    next[watch].names.insert(names.begin(), names.end());
  }
  for (const std::string& file : trace.files) {
    if (const int watch = add(file, kOfFiles, false); watch >= 0) next[watch].itself = true;
  }
  for (const auto& [watch, interest] : interests_) {
    if (!next.contains(watch)) ::inotify_rm_watch(inotify_.native_handle(), watch);
  }
  interests_ = std::move(next);
  std::erase_if(being_written_, [this](const auto& writing) { return !interests_.contains(writing.first); });
}

void FileWatch::wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    wait();  // first, so that a lack of memory in what follows does not end the waiting
    read_some();
  });
}

void FileWatch::read_some() {
  // One read a turn: a writer that never rests, be it of a file that does not matter, may add notices faster than they
  // are read.
  const ssize_t count = ::read(inotify_.native_handle(), buffer_.get(), kBufferSize);
  bool changed = false;
  for (std::size_t at = 0; count > 0 && at < static_cast<std::size_t>(count);) {
    inotify_event event{};
    std::memcpy(&event, buffer_.get() + at, sizeof event);
    const char* const name = buffer_.get() + at + sizeof event;
    if (judge(event.wd, event.mask, event.len > 0 ? std::string(name) : std::string())) changed = true;
    at += sizeof event + event.len;
  }
  if (changed) changed_(!being_written_.empty());
}

bool FileWatch::judge(int watch, std::uint32_t events, const std::string& name) {
  if ((events & IN_Q_OVERFLOW) != 0) {
    being_written_.clear();  // a close may be among what was not told
    return true;
  }
  const auto found = interests_.find(watch);
  if (found == interests_.end() || (events & IN_IGNORED) != 0) return false;
  const Interest& interest = found->second;
  if (name.empty() && !interest.itself) return false;
  if (!name.empty() && !interest.names.contains(name)) return false;
  // A file that was made is about to be written; what was renamed or linked is there whole.
  const bool made = (events & IN_CREATE) != 0 && is_regular_file(interest.folder + "/" + name);
  if (made || (events & IN_MODIFY) != 0) {
    being_written_.emplace(watch, name);
  } else if ((events & IN_ATTRIB) == 0) {
    being_written_.erase({watch, name});
  }
  return true;
}

}  // namespace weir
