#include "server/control/control.hpp"

#include <csignal>
#include <cstring>
#include <new>

#include "common/counted.hpp"
#include "common/logging.hpp"
#include "common/units.hpp"
#include "server/control/service_manager.hpp"

namespace weir {

namespace {

constexpr std::chrono::milliseconds kDrainPoll{10};

}  // namespace

Control::Control(boost::asio::io_context& context, const std::shared_ptr<const ServerConfig>& config,
                 Admission& admission, ControlSteps steps, const Upstreams& upstreams)
    : config_(config),
      admission_(admission),
      steps_(std::move(steps)),
      upstreams_(upstreams),
      context_(context),
      signals_(context_, SIGTERM, SIGINT, SIGHUP),
      timer_(context_) {
  signals_.add(SIGUSR1);
  signals_.add(SIGUSR2);
}

void Control::run() {
  wait_for_signal();
  watch_upstreams({});
  for (bool over = false; !over;) {
    try {
      context_.run();
      over = true;
    } catch (const std::bad_alloc&) {
      // What was to be done is not done, be it a check or an answer of the admin endpoint. Traffic goes on.
      spdlog::error("no memory for the control thread; going on without what it was about to do");
    }
  }
}

void Control::watch_upstreams(const std::set<std::string>& changed) {
  std::erase_if(watches_,
                [&](const auto& watch) { return changed.contains(watch.first) || !upstreams_.contains(watch.first); });
  for (const auto& [name, upstream] : upstreams_) watches_.try_emplace(name, context_, upstream, config_->dns);
}

void Control::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    wait_for_signal();  // first, so that a lack of memory in what follows does not end the waiting
    handle_signal(signal);
  });
}

std::string Control::active_text() const { return counted(admission_.totals().active, "connection"); }

void Control::handle_signal(int signal) {
  switch (signal) {
    case SIGUSR1:
      reopen_log_files();
      spdlog::info("log files reopened");
      return;
    case SIGUSR2:
      return steps_.upgrade("SIGUSR2");
    case SIGHUP:
      if (steps_.reload) return steps_.reload("SIGHUP");
      break;
    default:
      break;
  }
  if (phase_ == Phase::serving) {
    drain(::strsignal(signal));
  } else if (handed_over_) {
    handed_over_ = false;
    steps_.stopping();
    spdlog::info("{}: going on to drain {}; a second signal stops at once", ::strsignal(signal), active_text());
  } else if (phase_ == Phase::draining && signal != SIGHUP) {
    why_cut_ = "a second signal";
    watch_drain();
  }
}

bool Control::drain(const std::string& who) {
  if (phase_ != Phase::serving) return false;
  steps_.stopping();
  const std::chrono::milliseconds announce = config_->drain_announce;
  begin_drain(announce);
  const std::string active = active_text();
  const std::string longest = format_duration(config_->drain_timeout);
  if (announce.count() > 0) {
    spdlog::info(
        "{}: draining {}: newcomers are still accepted for {}, then {} at most; a second signal stops at "
        "once",
        who, active, format_duration(announce), longest);
  } else {
    spdlog::info("{}: draining {}, {} at most; a second signal stops at once", who, active, longest);
  }
  service_manager::notify_stopping("draining " + active, announce + config_->drain_timeout);
  watch_drain();
  return true;
}

void Control::begin_drain(std::chrono::milliseconds announce) {
  phase_ = Phase::draining;
  announced_ = std::chrono::steady_clock::now() + announce;
  deadline_ = announced_ + config_->drain_timeout;
  if (config_->drain_spread.count() > 0) {
    spread_.emplace(deadline_, config_->drain_spread);
    next_close_ = spread_->begin();
  }
  admission_.begin_drain();
}

void Control::hand_over() {
  handed_over_ = true;
  begin_drain(std::chrono::milliseconds(0));
  spdlog::info("draining {}, {} at most; nothing new is accepted here", active_text(),
               format_duration(config_->drain_timeout));
  watch_drain();
}

void Control::resume() {
  timer_.cancel();
  spread_.reset();
  why_cut_ = nullptr;
  closed_ = false;
  handed_over_ = false;
  phase_ = Phase::serving;
  admission_.end_drain();
}

void Control::begin_cut() {
  phase_ = Phase::cutting;
  spdlog::warn("{}: cutting {}", why_cut_, active_text());
  steps_.cut_sessions();
}

void Control::watch_drain() {
  std::chrono::milliseconds pause = kDrainPoll;
  try {
    pause = step_of_drain();
  } catch (const std::bad_alloc&) {
    spdlog::error("no memory for the next step of the drain; trying again");
  }
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && phase_ != Phase::serving) watch_drain();
  });
}

/// Looks one step ahead, so that nobody's turn is left for the moment at which the rest is cut.
void Control::close_idle(std::chrono::steady_clock::time_point now) {
  if (!spread_ || now < next_close_) return;
  next_close_ = now + spread_->pause();
  steps_.close_idle(*spread_, next_close_);
}

/// Returns when to look again.
std::chrono::milliseconds Control::step_of_drain() {
  const auto now = std::chrono::steady_clock::now();
  if (why_cut_ == nullptr && now < announced_) return std::chrono::ceil<std::chrono::milliseconds>(announced_ - now);
  if (why_cut_ == nullptr && now >= deadline_) why_cut_ = "drain_timeout";
  if (why_cut_ == nullptr) close_idle(now);
  if (!closed_) {
    // To the end even when all are to be cut, so that whoever is queued has a record.
    if (const auto pause = steps_.stop_accepting(why_cut_ != nullptr)) return *pause;
    closed_ = true;
  }
  if (admission_.totals().active == 0) {
    context_.stop();
  } else if (phase_ == Phase::draining && why_cut_ != nullptr) {
    begin_cut();
  }
  return kDrainPoll;
}

}  // namespace weir
