#pragma once

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/admin/daemon.hpp"

namespace weir::test {

/// A daemon for the admin endpoint that answers at once, or never, and notes what it is asked to do.
class FakeAdminDaemon : public admin::Daemon {
 public:
  ServerSnapshot now;
  History past;
  ConnectionPage page;
  std::vector<SourceSummary> most;
  std::vector<SessionRecord> records;
  LogLevel level = LogLevel::info;
  admin::Change change = admin::Change::done;  ///< what becomes of every attempt to change something
  admin::Upgrade upgraded{4711, {}};           ///< what becomes of every upgrade
  std::string conflict;                        ///< why listeners stay as they are; empty where they do not
  admin::Reload reloaded;                      ///< what becomes of every reload
  std::optional<FaultsSnapshot> on;            ///< the faults; nothing = the configuration has none
  std::string refusal;                         ///< why no fault is set; empty where they are
  std::vector<faults::Fault> faults_set;       ///< every one that was to be set
  bool answers = true;                         ///< false: what is asked of workers waits for ever

  std::vector<ConnectionQuery> queries;
  std::vector<std::string> done;  ///< every attempt to change something
  int snapshots = 0;
  int cancelled = 0;  ///< of what was asked of workers

  ServerSnapshot snapshot() override {
    ++snapshots;
    return now;
  }
  const History& history() const override { return past; }
  std::string effective_config() const override { return "workers: auto\n"; }
  std::vector<SessionRecord> recent_records(bool failed, std::size_t limit) override {
    std::vector<SessionRecord> found;
    for (const SessionRecord& record : records) {
      if (found.size() < limit && (!failed || is_failure(record.end))) found.push_back(record);
    }
    return found;
  }

  net::awaitable<ConnectionPage> connections(ConnectionQuery query) override {
    queries.push_back(query);
    co_await wait();
    co_return page;
  }
  net::awaitable<std::vector<SourceSummary>> top_sources(std::size_t limit) override {
    co_await wait();
    co_return std::vector<SourceSummary>(most.begin(),
                                         most.begin() + static_cast<std::ptrdiff_t>(std::min(limit, most.size())));
  }
  net::awaitable<admin::Change> kill(std::uint64_t id) override {
    done.push_back("kill " + std::to_string(id));
    co_await wait();
    co_return change;
  }

  admin::Change drain_backend(const std::string& upstream, const std::string& backend) override {
    return note("drain " + upstream + " " + backend);
  }
  admin::Change enable_backend(const std::string& upstream, const std::string& backend) override {
    return note("enable " + upstream + " " + backend);
  }
  net::awaitable<admin::Change> drain_listener(std::string name) override {
    done.push_back("drain listener " + name);
    co_await wait();
    if (!conflict.empty()) throw admin::Conflict(conflict);
    co_return change;
  }
  net::awaitable<admin::Change> enable_listener(std::string name) override {
    done.push_back("enable listener " + name);
    co_await wait();
    if (!conflict.empty()) throw admin::Conflict(conflict);
    co_return change;
  }
  admin::Change drain() override { return note("drain"); }

  std::optional<FaultsSnapshot> faults() const override { return on; }
  admin::Change set_fault(const std::string& listener, faults::Fault fault, const std::string& who) override {
    if (!refusal.empty()) throw FaultRefused(refusal);
    note("set " + fault.name + " of " + listener + " by " + who);
    faults_set.push_back(std::move(fault));
    return change;
  }
  admin::Change remove_fault(const std::string& listener, const std::string& name, const std::string& who) override {
    if (!refusal.empty()) throw FaultRefused(refusal);
    return note("remove " + name + " of " + listener + " by " + who);
  }
  net::awaitable<void> until_faults_reach_all() override {
    const bool any = on.has_value();  // g++ 12 miscompiles some coroutines that have no local variable
    if (any) co_return;
  }
  admin::Change clear_faults(const std::optional<std::string>& listener, const std::string& who) override {
    if (!refusal.empty()) throw FaultRefused(refusal);
    return note("clear " + listener.value_or("all") + " by " + who);
  }

  net::awaitable<admin::Reload> reload(bool dry_run) override {
    done.emplace_back(dry_run ? "reload dry_run" : "reload");
    co_await wait();
    co_return reloaded;
  }

  net::awaitable<admin::Upgrade> upgrade() override {
    done.emplace_back("upgrade");
    co_await wait();
    co_return upgraded;
  }

  LogLevel log_level() const override { return level; }
  void set_log_level(LogLevel wanted) override {
    done.push_back("level " + std::to_string(static_cast<int>(wanted)));
    level = wanted;
  }

 private:
  admin::Change note(std::string what) {
    done.push_back(std::move(what));
    return change;
  }
  net::awaitable<void> wait() {
    net::asio::steady_timer timer(co_await net::asio::this_coro::executor);
    timer.expires_after(answers ? std::chrono::seconds(0) : std::chrono::hours(1));
    try {
      co_await timer.async_wait(net::asio::use_awaitable_t<net::Executor>());
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
  }
};

}  // namespace weir::test
