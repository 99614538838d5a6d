#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace weir::test {

/// A directory of its own that goes, with all that is in it, when the object goes.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The path of a file in it, which need not exist.
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// The whole text of a file; empty when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace weir::test
