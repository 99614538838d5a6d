#include "server/upstream/backend.hpp"

#include <system_error>
#include <utility>

#include "server/upstream/connect_error.hpp"

namespace weir {

namespace {

std::atomic<Backend::Id> g_next_id{0};

}  // namespace

Backend::Backend(std::shared_ptr<const BackendEntry> entry, Upstream& upstream, std::shared_ptr<const SourcePool> pool,
                 std::string name, std::vector<Endpoint> endpoints, Standing standing, std::size_t workers)
    : entry_(std::move(entry)),
      upstream_(upstream),
      id_(g_next_id.fetch_add(1, std::memory_order_relaxed)),
      name_(std::make_shared<const std::string>(std::move(name))),
      host_(entry_->config.dns ? entry_->config.dns->name : entry_->config.address.host),
      endpoints_(std::move(endpoints)),
      pool_(std::move(pool)),
      sources_(*pool_, endpoints_.size() == 1 && !entry_->config.address.is_range()),
      counters_(workers),
      standing_(standing) {
  health_since_.when = std::chrono::system_clock::now();
  const Address& address = entry_->config.address;
  for (std::uint16_t i = 0; address.is_range() && i < address.port_count; ++i) {
    ports_.push_back(std::make_shared<const std::string>(address.at(i).to_string()));
  }
}

void Backend::succeed(const Backend& before) {
  failing_.store(before.failing_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  checks_passed_ = before.checks_passed_;
  checks_failed_ = before.checks_failed_;
  up_ = before.up_;
  unproven_ = before.unproven_;
  drained_ = before.drained_;
  ejections_ = before.ejections_;
  health_since_ = before.health_since_;
  ejected_since_ = before.ejected_since_;
  drained_since_ = before.drained_since_;
  back_since_ = before.back_since_;
  ejection_ = before.ejection_;
  warm_since_ = before.warm_since_;
}

void Backend::report_failure(const std::string& upstream, const std::string& address, int error) {
  const std::uint64_t times = failures_.admit(std::chrono::steady_clock::now());
  if (times == 0) return;
  const std::string reason = describe_connect_error(error);
  spdlog::warn("upstream {}: cannot connect to {}: {}{}", upstream, address, reason, times_since_last_said(times));
}

}  // namespace weir
