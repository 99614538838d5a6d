#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "server/config/config_files.hpp"
#include "server/control/config_watch.hpp"

namespace weir {

/// Runs a ConfigWatch on a thread of its own: a network file system that does not answer holds up whoever looks at one
/// of its files for as long as it likes.
class ConfigWatchThread {
 public:
  /// The files, and what Parts::reload says: it is called on that thread, and outlives this. Throws std::system_error
  /// where there is no thread or no descriptor.
  ConfigWatchThread(ConfigFiles& files, std::function<void(const std::string& who)> reload);
  ConfigWatchThread(const ConfigWatchThread&) = delete;
  ConfigWatchThread& operator=(const ConfigWatchThread&) = delete;
  /// Waits for the thread.
  ~ConfigWatchThread();

  /// What ConfigWatch::conclude() is to be told. Any thread.
  void conclude(ConfigWatch::Outcome outcome);

  /// Ends the thread. False where a file system holds it up: it goes on using all this until the program ends.
  bool stop();

 private:
  void run();

  ConfigFiles& files_;
  const std::function<void(const std::string& who)> reload_;
  boost::asio::io_context context_{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<ConfigWatch> watch_;  ///< made and used by the thread alone, and destroyed after it
  std::promise<void> over_;
  const std::future<void> is_over_ = over_.get_future();
  std::thread thread_;
};

}  // namespace weir
