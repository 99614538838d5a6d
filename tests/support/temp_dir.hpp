#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace weir::test {

/// A temporary directory that is removed, with everything in it, when the object is destroyed.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The path of a file in it. The file need not exist.
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// The whole text of a file; empty if it cannot be read.
std::string read_file(const std::string& path);

}  // namespace weir::test
