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
/// loaded, be it in vain; so each content is tried once, and again, less and less often, only where what was in its way
/// may pass.
///
///     a change is told ──▶ quiet for a moment ──▶ other content? ──▶ reload ──▶ refused, may pass? ──╮
///                                                                      ▲                             │
///                                                                      ╰── after 1 s, 2 s, … 1 min ──╯
///
/// Where the kernel cannot tell of changes, because it lacks watches or the files are another machine's, the files'
/// identities are looked at every few seconds. It reads files and may be held up by that; one thread uses it.
class ConfigWatch {
 public:
  /// What it works with. Outlives it.
  struct Parts {
    boost::asio::io_context& context;
    ConfigFiles& files;
    /// Has a reload begun, if there can be one now; it loads the files by ConfigFiles::load. What comes of it is told
    /// to conclude(). `who` is for the log.
    std::function<void(const std::string& who)> reload;
    /// How often files are looked at of whose changes nobody tells.
    std::chrono::milliseconds look_interval{5000};
    /// Before what was refused is tried again; after that the pause doubles.
    std::chrono::milliseconds first_pause{1000};
  };

  static constexpr std::chrono::milliseconds kLongestPause{60'000};

  /// What came of a reload.
  enum class Outcome : std::uint8_t {
    settled,    ///< loaded, or refused for what it says
    may_pass,   ///< refused for the state of the machine: a port that is taken, a name that nobody knows
    not_begun,  ///< there can be none now
  };

  /// Begins to watch, and sees what has changed since the files were loaded.
  explicit ConfigWatch(Parts parts);
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  /// A reload has ended, whoever asked for it.
  void conclude(Outcome outcome);

 private:
  /// What differs once another file stands there or its content has changed.
  using Identities = std::map<std::string, std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t,
                                                      std::int64_t, std::int64_t, std::int64_t>>;

  void note(bool writing);
  /// Watches what the files' paths lead to by now.
  void follow();
  void check();
  void check_later();
  void try_again_later();
  void forget_tries();
  void look_again(const std::string& why);
  void look();
  Identities identities() const;

  const Parts parts_;
  std::optional<FileWatch> told_;  ///< nothing where the kernel has none left
  Settling settling_;
  boost::asio::steady_timer settled_;
  boost::asio::steady_timer look_;
  boost::asio::steady_timer try_again_;
  std::chrono::milliseconds pause_;  ///< before the next try
  bool looking_ = false;
  Identities seen_;    ///< while looking
  bool gone_ = false;  ///< the file, and the log says so
};

}  // namespace weir
