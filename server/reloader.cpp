#include "server/reloader.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "common/lines.hpp"
#include "common/logging.hpp"
#include "common/stop_signals.hpp"
#include "server/config/config_diff.hpp"
#include "server/control/service_manager.hpp"
#include "server/toxiproxy/made_proxies.hpp"

namespace weir {

namespace {

using Result = admin::Reload::Result;

void report(const std::string& who, const admin::Reload& outcome, const ConnectionCounts& counts, bool is_change) {
  if (outcome.result == Result::refused) {
    for (const std::string& problem : outcome.problems) spdlog::error("reload: {}", problem);
    spdlog::error("{}: the {} was refused; what ran before goes on", who, is_change ? "change" : "reload");
    return;
  }
  if (outcome.result == Result::unchanged) {
    if (is_change) return;
    spdlog::info("{}: reloaded; the configuration is the same", who);
    return;
  }
  for (const std::string& line : lines_of(describe(outcome.diff, counts))) spdlog::info("reload: {}", line);
  spdlog::info("{}: {}", who, is_change ? "the configuration that runs is changed" : "reloaded");
}

}  // namespace

struct Reloader::Job {
  std::string who;
  bool dry_run;
  boost::asio::steady_timer over;  ///< cancelled once there is an outcome
  std::optional<admin::Reload> outcome;
  Change change{};         ///< null: the file is loaded
  bool announced = false;  ///< to the service manager
};

struct Reloader::Made {
  admin::Reload outcome;
  std::optional<PreparedReload> prepared;
  ConnectionCounts counts;
};

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::start(const std::string& who) {
  // One that has not begun yet will see the file as it is now.
  const bool waits = std::any_of(jobs_.begin() + (jobs_.empty() ? 0 : 1), jobs_.end(),
                                 [](const auto& job) { return !job->dry_run && !job->change; });
  if (!waits) enqueue(who, false);
}

net::awaitable<admin::Reload> Reloader::reload(std::string who, bool dry_run) {
  const std::shared_ptr<Job> job = enqueue(who, dry_run);
  boost::system::error_code ignored;
  while (!job->outcome) {
    co_await job->over.async_wait(net::into(ignored));
  }
  co_return *job->outcome;
}

net::awaitable<admin::Reload> Reloader::change(std::string who, Change change) {
  const std::shared_ptr<Job> job = enqueue(who, false, std::move(change));
  boost::system::error_code ignored;
  while (!job->outcome) {
    co_await job->over.async_wait(net::into(ignored));
  }
  co_return *job->outcome;
}

net::awaitable<void> Reloader::until_idle() {
  boost::system::error_code ignored;
  while (!jobs_.empty()) {
    const std::shared_ptr<Job> job = jobs_.back();
    while (!job->outcome) {
      co_await job->over.async_wait(net::into(ignored));
    }
  }
}

std::shared_ptr<Reloader::Job> Reloader::enqueue(const std::string& who, bool dry_run, Change change) {
  auto job = std::make_shared<Job>(
      Job{who, dry_run, boost::asio::steady_timer(parts_.context, boost::asio::steady_timer::time_point::max()), {}});
  job->change = std::move(change);
  jobs_.push_back(job);
  if (jobs_.size() == 1) begin_next();
  return job;
}

std::string Reloader::obstacle_to(const Job& job) const {
  return job.change ? parts_.obstacle_to_change() : parts_.obstacle();
}

void Reloader::begin_next() {
  const std::shared_ptr<Job> job = jobs_.front();
  const auto made = std::make_shared<Made>();
  try {
    made->outcome.problems.push_back(obstacle_to(*job));
    if (made->outcome.problems.front().empty()) {
      made->outcome.problems.clear();
      job->announced = !job->dry_run && !job->change;
      if (job->announced) service_manager::notify_reloading();
      return prepare(job);
    }
  } catch (const std::exception& error) {
    made->outcome.problems = {std::string("a reload cannot be prepared: ") + error.what()};
  }
  made->outcome.may_pass = true;
  boost::asio::post(parts_.context, [this, job, made] { finish(job, made); });
}

void Reloader::prepare(const std::shared_ptr<Job>& job) {
  if (thread_.joinable()) thread_.join();  // the last one, which has posted what it made
  const auto made = std::make_shared<Made>();
  thread_ = std::thread([this, job, made, running = parts_.look()]() mutable {
    hold_signals();
    make(*job, running, *made);
    running = RunningState();  // so that what a reload removes is destroyed by the control thread
    boost::asio::post(parts_.context, [this, job, made] { finish(job, made); });
  });
  preparing_ = true;
}

void Reloader::make(const Job& job, const RunningState& running, Made& made) const {
  admin::Reload& outcome = made.outcome;
  try {
    const auto next = std::make_shared<const ServerConfig>(
        job.change ? job.change(*running.config) : toxiproxy::keep_made(parts_.load(job.dry_run), *running.config));
    outcome.diff = diff_configs(*running.config, *next);
    for (const RefusedChange& refused : outcome.diff.refused) outcome.problems.push_back(refused.to_string());
    if (!outcome.problems.empty()) return;
    outcome.may_pass = true;  // what fails from here on does so for what the files do not say
    made.prepared.emplace(prepare_reload(running, next, job.dry_run ? ReloadPurpose::look : ReloadPurpose::apply));
    if (job.dry_run) made.prepared.reset();
    outcome.may_pass = false;
    outcome.result = outcome.diff.empty() ? Result::unchanged : Result::applied;
  } catch (const std::exception& error) {
    outcome.problems = lines_of(error.what());
  }
}

void Reloader::apply(const Job& job, Made& made) {
  if (!made.prepared) return;
  std::string problem = obstacle_to(job);  // which may have come meanwhile
  if (problem.empty()) {
    try {
      return parts_.apply(*made.prepared);
    } catch (const std::exception& error) {
      problem = std::string("the reload ended halfway, restart the daemon as soon as you can: ") + error.what();
    }
  }
  made.outcome.result = Result::refused;
  made.outcome.may_pass = true;
  made.outcome.problems.push_back(problem);
}

void Reloader::finish(const std::shared_ptr<Job>& job, const std::shared_ptr<Made>& made) {
  preparing_ = false;
  if (job->dry_run) return conclude(job, *made);
  made->counts = parts_.count();  // before it changes them
  apply(*job, *made);
  if (!made->prepared) return conclude(job, *made);
  parts_.settle([this, job, made] { boost::asio::post(parts_.context, [this, job, made] { conclude(job, *made); }); });
}

void Reloader::conclude(const std::shared_ptr<Job>& job, Made& made) {
  if (!job->dry_run) {
    report(job->who, made.outcome, made.counts, job->change != nullptr);
    // A drain that began meanwhile has said that the daemon stops; it is not ready again.
    if (job->announced && parts_.obstacle().empty()) service_manager::notify_reloaded();
    if (parts_.concluded && !job->change) parts_.concluded(made.outcome);
  }
  job->outcome = std::move(made.outcome);
  job->over.cancel();
  jobs_.pop_front();
  if (!jobs_.empty()) begin_next();
}

}  // namespace weir
