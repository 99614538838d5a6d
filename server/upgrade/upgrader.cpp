#include "server/upgrade/upgrader.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "common/lines.hpp"
#include "common/logging.hpp"
#include "server/control/service_manager.hpp"

namespace weir::upgrade {

namespace {

constexpr std::chrono::milliseconds kReloadPoll{10};
/// After something that failed for lack of memory.
constexpr std::chrono::milliseconds kAgain{200};

net::awaitable<void> wait(boost::asio::steady_timer& timer) {
  boost::system::error_code ignored;
  co_await timer.async_wait(net::into(ignored));
}

net::awaitable<void> pause(boost::asio::io_context& context, std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(context, time);
  co_await wait(timer);
}

std::vector<std::size_t> places_in(const boost::json::object& message) {
  std::vector<std::size_t> places;
  const boost::json::value* const left = message.if_contains("left");
  if (left == nullptr || !left->is_array()) return places;
  for (const boost::json::value& place : left->get_array()) {
    if (place.is_int64() || place.is_uint64()) places.push_back(place.to_number<std::size_t>());
  }
  return places;
}

}  // namespace

struct Upgrader::Job {
  std::string who;
  boost::asio::steady_timer over;  ///< cancelled once there is an outcome
  std::optional<admin::Upgrade> outcome;
};

void Upgrader::start(const std::string& who) { begin(who); }

net::awaitable<admin::Upgrade> Upgrader::upgrade(std::string who) {
  const std::shared_ptr<Job> job = begin(who);
  while (!job->outcome) co_await wait(job->over);
  co_return *job->outcome;
}

std::string Upgrader::obstacle() const {
  if (stage_ == Stage::starting) return "an upgrade is under way; try again once it is over";
  return stage_ == Stage::handed_over
             ? "process " + std::to_string(successor_->pid()) + " has taken this one's place; this one drains"
             : "";
}

std::shared_ptr<Upgrader::Job> Upgrader::begin(const std::string& who) {
  auto job = std::make_shared<Job>(
      Job{who, boost::asio::steady_timer(parts_.context, boost::asio::steady_timer::time_point::max()), {}});
  const bool under_way = stage_ == Stage::waiting || stage_ == Stage::starting;
  std::string problem = under_way ? "an upgrade is under way already" : obstacle();
  // A container ends with its first process (pid_namespaces(7)).
  if (::getpid() == 1) {
    problem = "this is process 1 of its container, which ends with it; start another container in its place";
  }
  if (problem.empty()) problem = parts_.obstacle();
  if (!problem.empty()) {
    conclude(*job, problem);
    return job;
  }
  stage_ = Stage::waiting;
  try {
    boost::asio::co_spawn(parts_.context, run(job), [this, job](const std::exception_ptr& failure) {
      if (failure) give_up(*job);
    });
  } catch (const std::bad_alloc&) {
    stage_ = Stage::serving;
    throw;
  }
  return job;
}

net::awaitable<void> Upgrader::run(std::shared_ptr<Job> job) {
  std::optional<std::string> problem;
  try {
    co_await make_ready();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (problem) {
    if (successor_) co_await successor_->kill();
    successor_.reset();
    sockets_ = InheritedSockets();
    stage_ = Stage::serving;
    if (!stopping_) service_manager::notify_reloaded();
    conclude(*job, stopping_          ? "this process was told to stop"
                   : problem->empty() ? "the new program could not start"
                                      : *problem);
    co_return;
  }
  stage_ = Stage::handed_over;
  // The other one serves already, and until this goes well both do.
  while (!pass_on() && !stopping_) co_await pause(parts_.context, kAgain);
  sockets_.close(left_);
  service_manager::notify_main_process(successor_->pid());
  service_manager::set_silent(true);
  successor_->say("passed");
  conclude(*job, "");
  co_await watch();
}

bool Upgrader::pass_on() try {
  parts_.pass_on(sockets_, left_);
  return true;
} catch (const std::exception& error) {
  spdlog::error("upgrade: cannot stop accepting: {}; trying again", error.what());
  return false;
}

net::awaitable<void> Upgrader::make_ready() {
  while (parts_.is_reloading()) co_await pause(parts_.context, kReloadPoll);
  stage_ = Stage::starting;
  std::string problem = parts_.obstacle();  // which may have come meanwhile
  if (!problem.empty()) throw std::runtime_error(problem);
  service_manager::notify_reloading();
  sockets_ = parts_.copy_sockets();
  successor_.emplace(parts_.context, parts_.program);
  successor_->set_deadline(parts_.config->upgrade_timeout);
  co_await successor_->send(sockets_, parts_.drained(), parts_.ticket_keys());
  boost::json::object message = co_await successor_->receive();
  while (step_of(message) != "prepared") message = co_await successor_->receive();
  if (stopping_) throw std::runtime_error("this process was told to stop");
  left_ = places_in(message);
  successor_->set_deadline(
      parts_.config->upgrade_timeout);  // anew, because it may have accepted connections from here on
  successor_->say("go");
  while (step_of(message) != "ready") message = co_await successor_->receive();
  if (stopping_) throw std::runtime_error("this process was told to stop");
  successor_->clear_deadline();
}

/// For as long as this process drains.
net::awaitable<void> Upgrader::watch() {
  std::string end;
  bool no_memory = false;
  while (end.empty()) {
    try {
      const boost::json::object message = co_await successor_->receive();
      if (step_of(message) == "settled") stop();
    } catch (const std::bad_alloc&) {
      no_memory = true;
    } catch (const std::exception& error) {
      end = error.what();
    }
    if (std::exchange(no_memory, false)) co_await pause(parts_.context, kAgain);
  }
  if (stopping_) co_return;
  spdlog::error("{} while this one still drained; this process goes on serving", end);
  co_await successor_->kill();
  if (stopping_) co_return;
  stage_ = Stage::serving;
  successor_.reset();
  try {
    parts_.take_back(std::exchange(sockets_, {}));
  } catch (const std::exception& error) {
    spdlog::critical("cannot serve again: {}; this process ends", error.what());
    ::kill(::getpid(), SIGTERM);
  }
  service_manager::set_silent(false);
  service_manager::notify_main_process(::getpid());
}

void Upgrader::conclude(Job& job, const std::string& problem) {
  admin::Upgrade outcome;
  if (problem.empty()) {
    outcome.successor = successor_->pid();
    spdlog::info("{}: upgraded; process {} serves, and this one drains", job.who, outcome.successor);
  } else {
    outcome.problems = lines_of(problem);
    for (const std::string& line : outcome.problems) spdlog::error("upgrade: {}", line);
    spdlog::error("{}: the upgrade failed; what ran before goes on", job.who);
  }
  job.outcome = std::move(outcome);
  job.over.cancel();
}

/// There is not even memory for what comes of it.
void Upgrader::give_up(Job& job) {
  if (stage_ == Stage::handed_over) {
    // The other one serves. This one must not stay beside it for ever.
    spdlog::critical("upgrade: no memory to go on with; this process ends with its connections");
    ::kill(::getpid(), SIGTERM);
  } else {
    spdlog::error("upgrade: no memory; what ran before goes on");
    if (successor_) successor_->kill_now();
    successor_.reset();
    sockets_ = InheritedSockets();
    stage_ = Stage::serving;
    if (!stopping_) service_manager::notify_reloaded();
  }
  // Without a problem in words, which need memory, what says that it failed is that there is no successor.
  if (!job.outcome) job.outcome.emplace();
  job.over.cancel();
}

void Upgrader::stop() {
  stopping_ = true;
  if (stage_ == Stage::starting && successor_) successor_->kill_now();
  if (stage_ == Stage::handed_over) sockets_ = InheritedSockets();
}

}  // namespace weir::upgrade
