#include "server/faults/fault_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/faults/fault_rules.hpp"
#include "common/units.hpp"

namespace weir {

namespace {

using std::chrono::milliseconds;
using News = FaultBook::News;
using Time = FaultBook::Time;

constexpr const char* kConfiguration = "the configuration";

std::optional<milliseconds> left_of(const std::optional<Time>& until, Time now) {
  if (!until) return std::nullopt;
  return std::chrono::ceil<milliseconds>(std::max(*until - now, Time::duration(0)));
}

bool is_over(const std::optional<Time>& until, Time now) { return until && *until <= now; }

template <typename Entries>
auto find_by_name(Entries& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.fault->name == name; });
}

/// What the bounds of the configuration forbid, and what would be right; empty where they allow the fault.
std::string beyond_bounds(const faults::Fault& fault, const FaultsConfig& bounds) {
  if (fault.percent > bounds.max_percent) {
    return fmt::format("percent: {} is more than the configuration allows (faults.max_percent); {} is the most",
                       fault.percent, bounds.max_percent);
  }
  if (bounds.max_for.count() > 0 && fault.duration > bounds.max_for) {
    return fmt::format("for: {} is longer than the configuration allows (faults.max_for); {} is the most",
                       format_duration(fault.duration), format_duration(bounds.max_for));
  }
  return "";
}

}  // namespace

std::vector<News> FaultBook::take_config(const ServerConfig& config, Time now) {
  std::vector<News> news = expire(now);
  take_seed(config.faults);
  config_ = config.faults;
  std::vector<Listener> next;
  for (const ListenerConfig& listener : config.listeners) next.push_back(next_listener(listener, now));
  std::swap(listeners_, next);
  for (const Listener& before : next) tell_of_end(before, news);
  for (const Listener& after : listeners_) {
    const auto before = std::find_if(next.begin(), next.end(), [&](const auto& one) { return one.name == after.name; });
    for (const Entry& entry : after.on) {
      const bool is_new =
          before == next.end() ||
          std::none_of(before->on.begin(), before->on.end(), [&](const auto& old) { return old.fault == entry.fault; });
      if (is_new) news.push_back(on(after.name, entry, now));
    }
  }
  return news;
}

void FaultBook::take_seed(const std::optional<FaultsConfig>& next) {
  if (!next) {
    seed_ = 0;
  } else if (next->seed != 0) {
    seed_ = next->seed;
  } else if (!config_ || config_->seed != 0) {
    seed_ = draw_seed_();
  }
}

/// What a listener has under the next configuration.
FaultBook::Listener FaultBook::next_listener(const ListenerConfig& config, Time now) const {
  Listener next{config.name, {}, {}};
  const Listener* const before = find(config.name);
  for (const faults::Fault& fault : config.faults) next.loaded.push_back(loaded(before, fault, now));
  std::copy_if(next.loaded.begin(), next.loaded.end(), std::back_inserter(next.on),
               [now](const Entry& entry) { return !is_over(entry.until, now); });
  if (before == nullptr || !config_) return next;
  for (Entry entry : before->on) {
    if (entry.from_file || entry.fault->percent > config_->max_percent) continue;
    if (find_by_name(next.on, entry.fault->name) != next.on.end()) continue;
    if (config_->max_for.count() > 0) {
      const Time latest = entry.begun + config_->max_for;
      entry.until = entry.until ? std::min(*entry.until, latest) : latest;
    }
    if (!is_over(entry.until, now)) next.on.push_back(std::move(entry));
  }
  return next;
}

/// One of the configuration's. If it was there before, it goes on.
FaultBook::Entry FaultBook::loaded(const Listener* before, const faults::Fault& fault, Time now) {
  if (before != nullptr) {
    const auto known = find_by_name(before->loaded, fault.name);
    if (known != before->loaded.end() && *known->fault == fault) return *known;
  }
  return entry_of(std::make_shared<const faults::Fault>(fault), kConfiguration, true, now);
}

FaultBook::Entry FaultBook::entry_of(FaultPtr fault, std::string who, bool from_file, Time now) {
  Entry entry{std::move(fault), std::chrono::system_clock::now(), now, {}, from_file, std::move(who)};
  if (entry.fault->duration.count() > 0) entry.until = now + entry.fault->duration;
  return entry;
}

News FaultBook::on(const std::string& listener, const Entry& entry, Time now) {
  return {listener, entry.fault, News::What::on, left_of(entry.until, now), entry.who};
}

/// What a listener had and has no more under another configuration. One that another of its name replaces says nothing.
void FaultBook::tell_of_end(const Listener& before, std::vector<News>& news) const {
  const Listener* const after = find(before.name);
  for (const Entry& entry : before.on) {
    if (after != nullptr && find_by_name(after->on, entry.fault->name) != after->on.end()) continue;
    news.push_back({before.name, entry.fault, News::What::off});
  }
}

bool FaultBook::set(const std::string& listener, faults::Fault fault, const std::string& who, Time now,
                    std::vector<News>& news) {
  refuse_if_off();
  Listener* const found = find(listener);
  if (found == nullptr) return false;
  if (const std::string problem = faults::problem_of(fault); !problem.empty()) throw FaultRefused(problem);
  if (const std::string problem = beyond_bounds(fault, *config_); !problem.empty()) throw FaultRefused(problem);
  if (fault.duration.count() == 0) fault.duration = config_->max_for;
  const auto before = find_by_name(found->on, fault.name);
  const bool is_new = before == found->on.end();
  const bool is_same = !is_new && *before->fault == fault;
  Entry entry =
      entry_of(is_same ? before->fault : std::make_shared<const faults::Fault>(std::move(fault)), who, false, now);
  Entry& set = is_new ? found->on.emplace_back() : *before;
  set = std::move(entry);
  news.push_back(on(listener, set, now));
  return true;
}

bool FaultBook::remove(const std::string& listener, const std::string& name, std::vector<News>& news) {
  refuse_if_off();
  Listener* const found = find(listener);
  if (found == nullptr) return false;
  const auto entry = find_by_name(found->on, name);
  if (entry == found->on.end()) return false;
  news.push_back({listener, entry->fault, News::What::off});
  found->on.erase(entry);
  return true;
}

bool FaultBook::clear(const std::optional<std::string>& listener, std::vector<News>& news) {
  refuse_if_off();
  if (listener && find(*listener) == nullptr) return false;
  for (Listener& one : listeners_) {
    if (listener && one.name != *listener) continue;
    for (const Entry& entry : one.on) news.push_back({one.name, entry.fault, News::What::off});
    one.on.clear();
  }
  return true;
}

void FaultBook::refuse_if_off() const {
  if (config_) return;
  throw FaultRefused(
      "the configuration has no section `faults`, so none can be set; write faults: {} into it and reload");
}

std::vector<News> FaultBook::expire(Time now) {
  std::vector<News> news;
  for (Listener& listener : listeners_) {
    for (const Entry& entry : listener.on) {
      if (is_over(entry.until, now)) news.push_back({listener.name, entry.fault, News::What::expired});
    }
    std::erase_if(listener.on, [now](const Entry& entry) { return is_over(entry.until, now); });
  }
  return news;
}

std::optional<Time> FaultBook::next_expiry() const {
  std::optional<Time> next;
  for (const Listener& listener : listeners_) {
    for (const Entry& entry : listener.on) {
      if (entry.until) next = next ? std::min(*next, *entry.until) : *entry.until;
    }
  }
  return next;
}

std::vector<FaultBook::FaultPtr> FaultBook::faults_of(const std::string& listener) const {
  std::vector<FaultPtr> faults;
  const Listener* const found = find(listener);
  if (found == nullptr) return faults;
  for (const Entry& entry : found->on) faults.push_back(entry.fault);
  return faults;
}

std::vector<std::string> FaultBook::listeners() const {
  std::vector<std::string> names;
  for (const Listener& listener : listeners_) names.push_back(listener.name);
  return names;
}

std::optional<FaultsSnapshot> FaultBook::snapshot(Time now) const {
  if (!config_) return std::nullopt;
  FaultsSnapshot shown{seed_, config_->seed == 0, config_->max_for, config_->max_percent, {}};
  for (const Listener& listener : listeners_) {
    ListenerFaults& faults = shown.listeners.emplace_back(ListenerFaults{listener.name, {}});
    for (const Entry& entry : listener.on) {
      faults.faults.push_back({entry.fault, entry.since, left_of(entry.until, now), entry.from_file, entry.who});
    }
  }
  return shown;
}

FaultBook::Listener* FaultBook::find(const std::string& listener) {
  const auto found =
      std::find_if(listeners_.begin(), listeners_.end(), [&](const Listener& one) { return one.name == listener; });
  return found == listeners_.end() ? nullptr : &*found;
}

const FaultBook::Listener* FaultBook::find(const std::string& listener) const {
  const auto found =
      std::find_if(listeners_.begin(), listeners_.end(), [&](const Listener& one) { return one.name == listener; });
  return found == listeners_.end() ? nullptr : &*found;
}

}  // namespace weir
