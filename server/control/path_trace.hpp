#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir {

/// What has to be watched to learn that a path stands for another file, or that its file is written to.
struct PathTrace {
  /// By folder: the entries that decide, which are links, files, and what is missing.
  std::map<std::string, std::set<std::string>> entries;
  std::set<std::string> folders;  ///< all that the path leads through, which may themselves be moved or removed
  std::set<std::string> files;    ///< where it ends, if it leads to a file

  bool operator==(const PathTrace&) const = default;
};

/// Follows absolute paths, link by link (path_resolution(7)), as far as they lead, so that
///
///     /etc/weir/weir.yaml ─▶ ..data/weir.yaml, /etc/weir/..data ─▶ ..2026_01_31/
///
/// is watched in both folders, and a file that is missing in the deepest folder that is there.
PathTrace trace_paths(const std::vector<std::string>& paths);

}  // namespace weir
