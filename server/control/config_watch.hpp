#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "server/config/config_files.hpp"
#include "server/control/file_watch.hpp"
#include "server/control/settling.hpp"

namespace weir {

/// `weir run --watch`: has the configuration reloaded once its files hold something else than when they were last
/// loaded, be it in vain; so each content is tried once.
///
///     a change is told ──▶ quiet for a moment ──▶ other content? ──▶ reload
///
/// Where the kernel cannot tell of changes, because it lacks watches or the files are another machine's, the files'
/// identities are looked at every few seconds. Control thread.
class ConfigWatch {
 public:
  /// What it works with. Outlives it.
  struct Parts {
    boost::asio::io_context& context;
    ConfigFiles& files;
    /// Why there can be no reload now, or nothing.
    std::function<std::string()> obstacle;
    /// Begins a reload, which loads the files by ConfigFiles::load; `who` is for the log.
    std::function<void(const std::string& who)> reload;
    /// How often files are looked at of whose changes nobody tells.
    std::chrono::milliseconds look_interval{5000};
  };

  /// Begins to watch, and sees what has changed since the files were loaded.
  explicit ConfigWatch(Parts parts);
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

 private:
  /// What differs once another file stands there or its content has changed.
  using Identities = std::map<std::string, std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t,
                                                      std::int64_t, std::int64_t, std::int64_t>>;

  void note(bool writing);
  /// Watches what the files' paths lead to by now.
  void follow();
  void check();
  void check_later();
  void look_again(const std::string& why);
  void look();
  Identities identities() const;

  const Parts parts_;
  std::optional<FileWatch> told_;  ///< nothing where the kernel has none left
  Settling settling_;
  boost::asio::steady_timer settled_;
  boost::asio::steady_timer look_;
  bool looking_ = false;
  Identities seen_;    ///< while looking
  bool gone_ = false;  ///< the file, and the log says so
};

}  // namespace weir
