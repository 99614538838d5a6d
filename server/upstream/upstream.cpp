#include "server/upstream/upstream.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <utility>

#include "common/units.hpp"
#include "server/upstream/connect_error.hpp"

namespace weir {

namespace {

/// The slots to wake, by their loops.
using Wakes = std::map<io::EventLoop*, std::vector<io::Slot::Id>>;

void wake(Wakes& wakes) {
  for (auto& [loop, slots] : wakes) {
    try {
      loop->post([where = loop, whom = std::move(slots)] {
        for (const io::Slot::Id id : whom) {
          if (io::Slot* slot = where->find(id)) slot->wake();
        }
      });
    } catch (const std::bad_alloc&) {
      spdlog::error("no memory to cut the connections of a backend that went down; each ends when it next wakes");
    }
  }
}

}  // namespace

void LeaseRelease::operator()(Backend* backend) const { backend->upstream_.release(*backend); }

Upstream::Upstream(PreparedUpstream prepared, std::size_t workers)
    : name_(prepared.config->name),
      workers_(workers),
      config_(std::move(prepared.config)),
      tls_(std::move(prepared.tls)),
      most_tried_(config_->connect.attempts),
      entries_(prepared.backend_entries()),
      sources_(std::make_shared<const SourcePool>(std::move(prepared.sources))),
      queue_counters_(workers),
      seeds_(static_cast<std::minstd_rand::result_type>(prepared.seed)),
      backends_([&] {
        Backends backends;
        for (const PreparedUpstream::Entry& entry : prepared.entries) {
          if (!entry.entry->config.dns) backends.push_back(make_configured(entry));
        }
        return backends;
      }()),
      tiers_(*config_, {}, 0) {
  label(backends_);
  Tiers tiers(*config_, standings(), seeds_());
  tiers_.replace(tiers, standings(), io::Clock::now());
}

Upstream::Pick Upstream::take(std::uint64_t source, Tried tried, Time now) {
  const Lock lock(mutex_);
  look_at_time(now);
  return pick(source, tried);
}

Upstream::Pick Upstream::take_spare(std::uint64_t source, Tried tried, Time now) {
  const Lock lock(mutex_);
  look_at_time(now);
  Backend* const spare = tiers_.pick_spare(source, tried);
  return spare == nullptr ? Pick{nullptr, 0, Blocked::all_full} : lease(*spare);
}

Upstream::Pick Upstream::pick(std::uint64_t source, Tried tried) {
  const Tiers::Choice choice = tiers_.pick(source, tried);
  return choice.backend == nullptr ? Pick{nullptr, 0, choice.blocked} : lease(*choice.backend);
}

Upstream::Pick Upstream::lease(Backend& backend) {
  ++backend.active_;
  tiers_.reload(backend);
  return {Lease(&backend), backend.cuts(), Blocked::nothing};
}

/// What comes of the mere passing of time.
void Upstream::look_at_time(Time now) {
  tiers_.warm(now);
  bool any = false;
  while (Backend* back = tiers_.returned(now)) {
    reseat(*back, now);
    any = true;
  }
  if (any) serve_queue(now);
}

void Upstream::reseat(Backend& backend, Time now) {
  queue_.reline(tiers_, tiers_.reseat(backend, now), most_tried_);
  log_whether_any_is_up();
}

void Upstream::serve_queue(Time now) {
  if (queue_.empty()) return;
  look_at_time(now);
  while (QueuedWaiter* waiter = queue_.next(tiers_)) {
    queue_.remove(*waiter);
    waiter->leave_with(pick(waiter->source(), waiter->tried()));
  }
  tell_return();
}

void Upstream::release(Backend& backend) {
  std::shared_ptr<Backend> gone;  // after the lock
  const Lock lock(mutex_);
  --backend.active_;
  tiers_.reload(backend);
  if (backend.left_ && backend.active_ == 0) {
    const auto at = std::find_if(left_.begin(), left_.end(), [&](const auto& left) { return left.get() == &backend; });
    gone = std::move(*at);
    left_.erase(at);
  } else if (!queue_.empty()) {
    serve_queue(io::Clock::now());
  }
}

void Upstream::connected(Backend& backend, Time now) {
  if (!backend.failing_.load(std::memory_order_relaxed)) return;
  const Lock lock(mutex_);
  backend.failing_.store(false, std::memory_order_relaxed);
  if (backend.ejection_.is_ejected(now)) {
    backend.warm_since_ = now;
    backend.back_since_ = std::chrono::system_clock::now();
  }
  backend.ejection_.succeeded();
  reseat(backend, now);
  serve_queue(now);
}

void Upstream::failed(Backend& backend, int error, Time now, const std::string& address) {
  const Lock lock(mutex_);
  backend.failing_.store(true, std::memory_order_relaxed);
  look_at_time(now);
  const bool another = tiers_.healthy() > (tiers_.is_healthy(backend) ? 1 : 0);
  if (!backend.ejection_.failed(config_->eject, now, another)) return;
  backend.warm_since_ = backend.ejection_.until();
  ++backend.ejections_;
  reseat(backend, now);
  serve_queue(now);  // with it gone, some may have none left to try
  const WallTime wall = std::chrono::system_clock::now();
  backend.ejected_since_ = {wall, nullptr};
  backend.back_since_ = wall + std::chrono::duration_cast<WallTime::duration>(backend.ejection_.until() - now);
  const bool one_of_a_range = !address.empty() && address != *backend.name();
  const std::string why = fmt::format("left out for {} after {} connect failures in a row{}: {}",
                                      format_duration(std::chrono::ceil<milliseconds>(backend.ejection_.until() - now)),
                                      config_->eject.failures, one_of_a_range ? ", the last to " + address : "",
                                      describe_connect_error(error));
  backend.ejected_since_.why = std::make_shared<const std::string>(why);
  spdlog::warn("upstream {}: {} is {}", name_, *backend.name(), why);
}

bool Upstream::set_up(Backend& backend, bool up, const std::string& why, Time now) {
  Wakes cut;
  {
    const Lock lock(mutex_);
    if (!backend.unproven_ && backend.up_ == up) return false;
    Since since{std::chrono::system_clock::now(), std::make_shared<const std::string>(why)};
    if (!up && config_->on_down == UpstreamConfig::OnDown::reset) {
      for (const CutWatchEntry& watch : backend.watches_) cut[&watch.loop].push_back(watch.slot);
      ++backend.cuts_;
    }
    backend.health_since_ = std::move(since);
    backend.unproven_ = false;  // from here on nothing fails
    backend.up_ = up;
    if (up) {
      backend.warm_since_ = now;
      backend.ejection_.succeeded();
      spdlog::info("upstream {}: {} is up: {}", name_, *backend.name(), why);
    } else {
      spdlog::warn("upstream {}: {} is down: {}", name_, *backend.name(), why);
    }
    reseat(backend, now);
    serve_queue(now);  // with it gone, backups may serve, and those that are left out
  }
  wake(cut);
  return true;
}

bool Upstream::set_drained(Backend& backend, bool drained, const std::string& why, Time now) {
  const Since since{std::chrono::system_clock::now(), std::make_shared<const std::string>(why)};
  const std::pair key(backend.entry().key, *backend.name());
  {
    const Lock lock(mutex_);
    if (backend.drained_ == drained) return false;
    if (drained) drained_[key] = since;
    backend.drained_since_ = since;
    backend.drained_ = drained;
    if (!drained) backend.warm_since_ = std::max(now, backend.ejection_.until());
    reseat(backend, now);
    serve_queue(now);  // with it gone, backups may serve; with it back, it may
  }
  if (!drained) drained_.erase(key);
  spdlog::info("upstream {}: {} is {}: {}", name_, *backend.name(), drained ? "drained" : "enabled", why);
  return true;
}

void Upstream::log_whether_any_is_up() {
  if (tiers_.any_up() != logged_none_up_) return;
  logged_none_up_ = !logged_none_up_;
  if (logged_none_up_) {
    spdlog::error("upstream {}: no backend is up", name_);
  } else {
    spdlog::info("upstream {}: a backend is up again", name_);
  }
}

void Upstream::serve_waiting(Time now) {
  const Lock lock(mutex_);
  told_return_ = Time::max();
  look_at_time(now);
  serve_queue(now);
}

void Upstream::on_return(ReturnCall call) {
  const Lock lock(mutex_);
  on_return_ = std::move(call);
  told_return_ = Time::max();
  tell_return();
}

/// Nothing but time brings an ejected backend back, and those who wait look at no clock for it.
void Upstream::tell_return() {
  const Time next = tiers_.next_return();
  if (!on_return_ || queue_.empty() || next == told_return_ || next == Time::max()) return;
  try {
    on_return_(next);
    told_return_ = next;
  } catch (const std::bad_alloc&) {
    return;  // whoever serves the queue next says it again
  }
}

bool Upstream::any_up() const {
  const Lock lock(mutex_);
  return tiers_.any_up();
}

Tiers::Backends Upstream::standings() const {
  Tiers::Backends list;
  for (const auto& backend : backends_) list.emplace_back(backend, backend->standing_);
  return list;
}

std::uint32_t Upstream::active(const Backend& backend) const {
  const Lock lock(mutex_);
  return backend.active_;
}

std::size_t Upstream::waiting() const {
  const Lock lock(mutex_);
  return queue_.size();
}

}  // namespace weir
