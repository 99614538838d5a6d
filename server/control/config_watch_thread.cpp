#include "server/control/config_watch_thread.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <new>
#include <utility>

#include "common/logging.hpp"
#include "common/stop_signals.hpp"

namespace weir {
namespace {

/// A file system that answers does so long before.
constexpr std::chrono::seconds kAnswersWithin{1};

}  // namespace

ConfigWatchThread::ConfigWatchThread(ConfigFiles& files, std::function<void(const std::string& who)> reload)
    : files_(files), reload_(std::move(reload)) {
  boost::asio::post(context_, [this] { watch_.emplace(ConfigWatch::Parts{context_, files_, reload_}); });
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "weir-watch");
}

ConfigWatchThread::~ConfigWatchThread() {
  context_.stop();
  thread_.join();
}

void ConfigWatchThread::conclude(ConfigWatch::Outcome outcome) {
  boost::asio::post(context_, [this, outcome] {
    if (watch_) watch_->conclude(outcome);
  });
}

bool ConfigWatchThread::stop() {
  context_.stop();
  return is_over_.wait_for(kAnswersWithin) == std::future_status::ready;
}

void ConfigWatchThread::run() {
  hold_signals();
  while (!context_.stopped()) {
    try {
      context_.run();
    } catch (const std::bad_alloc&) {
      // The next change is another occasion.
      spdlog::error("--watch: no memory to look at the files");
    }
  }
  over_.set_value();
}

}  // namespace weir
