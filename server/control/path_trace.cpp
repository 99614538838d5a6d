#include "server/control/path_trace.hpp"

#include <filesystem>
#include <system_error>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// As many as the kernel follows (path_resolution(7)).
constexpr int kMostLinks = 40;

/// What is left of a path, the next name last.
using Names = std::vector<fs::path>;

void put_before(Names& rest, const fs::path& path) {
  const fs::path relative = path.relative_path();
  const Names names(relative.begin(), relative.end());
  rest.insert(rest.end(), names.rbegin(), names.rend());
}

void follow_path(const std::string& path, PathTrace& found) {
  fs::path at = "/";
  Names rest;
  put_before(rest, path);
  for (int links = 0; !rest.empty();) {
    const fs::path name = rest.back();
    rest.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path entry = at / name;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(entry, error);
    if (fs::is_directory(status) && !rest.empty()) {
      at = entry;
      found.folders.insert(at.string());
      continue;
    }
    found.entries[at.string()].insert(name.string());
    if (!fs::is_symlink(status)) {
      if (rest.empty() && fs::exists(status)) found.files.insert(entry.string());
      return;
    }
    const fs::path target = fs::read_symlink(entry, error);
    if (error || ++links > kMostLinks) return;
    if (target.is_absolute()) at = "/";
    put_before(rest, target);
  }
}

}  // namespace

PathTrace trace_paths(const std::vector<std::string>& paths) {
  PathTrace found;
  for (const std::string& path : paths) follow_path(path, found);
  return found;
}

}  // namespace weir
