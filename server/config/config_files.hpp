#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "server/config/server_config.hpp"

namespace weir {

/// The file of a configuration and those that it names, with what they held when they were last loaded, be it in vain.
/// Any thread.
class ConfigFiles {
 public:
  /// Loads the configuration, and adds to `named` the files that it names, also where it throws.
  using Load = std::function<ServerConfig(std::vector<std::string>& named)>;

  explicit ConfigFiles(const std::string& file);

  /// Takes down what the files hold, and loads. What is taken down of the configuration's own file is no newer than
  /// what is loaded, so that nothing that comes meanwhile is lost. What a named file holds is read once more by whoever
  /// uses it, which must be after this.
  ServerConfig load(const Load& load);

  /// The configuration's own file, as an absolute path.
  const std::string& file() const { return file_; }
  /// That and the ones that it named when it was last loaded, as absolute paths.
  std::vector<std::string> paths() const;

  /// Whether those that were there when they were last loaded could be read.
  bool all_readable() const;

  /// Whether the configuration's own file is there.
  bool is_there() const;
  /// `unknown` where there is no descriptor to read them by.
  enum class Compared : std::uint8_t { same, different, unknown };
  /// Reads them, and compares what they hold with what they held when they were last loaded.
  Compared compare() const;

 private:
  const std::string file_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> held_;  ///< by path: a hash of the content, or why there is none
};

}  // namespace weir
