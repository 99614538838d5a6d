#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/control/path_trace.hpp"

namespace weir {

/// Learns by inotify(7) that files have changed, whichever way: written in place, put in place by rename(2), removed,
/// or reached by a symbolic link that was exchanged. Folders are watched where an entry decides, and so are the files,
/// because one that is mounted by itself changes in a folder that nobody here sees. Control thread.
class FileWatch {
 public:
  /// `changed` is told when something has changed, and whether the writer may still be at it as far as is known. Of
  /// many changes it is told several times.
  FileWatch(boost::asio::io_context& context, std::function<void(bool writing)> changed);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Watches these absolute paths, and what they stand for now, in place of all others. After this returned, every
  /// change is told. Throws std::system_error where the kernel does not let it, with what it lacks.
  void watch(const std::vector<std::string>& paths);

 private:
  /// What matters of what one watch tells.
  struct Interest {
    bool itself = false;          ///< a file, or a folder that may be moved
    std::string folder;           ///< whose entries matter
    std::set<std::string> names;  ///< of these entries
  };

  void watch_all(const PathTrace& trace);
  int add(const std::string& path, std::uint32_t events, bool needed);
  void wait();
  void read_some();
  /// Whether it matters; also takes down whether the writer may still be at it.
  bool judge(int watch, std::uint32_t events, const std::string& name);

  boost::asio::posix::stream_descriptor inotify_;
  const std::function<void(bool writing)> changed_;
  const std::unique_ptr<char[]> buffer_;  ///< for what is read in one turn
  std::map<int, Interest> interests_;     ///< by the kernel's number of the watch
  /// What was written to and not closed since, as a watch and the entry that it told of. A writer whose close is never
  /// told, because its file is not watched any more, is forgotten with the watch.
  std::set<std::pair<int, std::string>> being_written_;
};

}  // namespace weir
