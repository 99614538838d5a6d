#include "server/faults/fault_board.hpp"

#include <random>
#include <set>
#include <utility>

#include "common/logging.hpp"
#include "common/units.hpp"

namespace weir {

namespace {

using News = FaultBook::News;

FaultBook::Time now() { return std::chrono::steady_clock::now(); }

/// Short enough to be written down, and never 0.
std::uint64_t draw_seed() { return std::uint64_t{std::random_device()()} + 1; }

/// "slow (latency, 20 % of connections)".
std::string describe(const faults::Fault& fault) {
  return fmt::format("{} ({}, {} % of {})", fault.name, faults::kind_name(fault.kind), fault.percent,
                     fault.key == faults::Fault::Key::source ? "sources" : "connections");
}

/// For how long, as it was asked for, or what is left of that.
std::string time_left(const News& news) {
  if (!news.left) return "";
  return fmt::format(", for {}",
                     *news.left == news.fault->duration ? format_duration(*news.left) : display_duration(*news.left));
}

void log(const News& news, const std::string& who) {
  const std::string what = fmt::format("faults: listener {}: {}", news.listener, describe(*news.fault));
  switch (news.what) {
    case News::What::on:
      return spdlog::warn("{} is on, set by {}{}", what, news.who, time_left(news));
    case News::What::off:
      return spdlog::info("{} is off, removed by {}", what, who);
    case News::What::expired:
      return spdlog::info("{} is off, its time is over", what);
  }
}

}  // namespace

FaultBoard::FaultBoard(boost::asio::io_context& context, Publish publish)
    : book_(draw_seed), publish_(std::move(publish)), timer_(context) {}

void FaultBoard::take_config(const ServerConfig& config, const Publish& publish) {
  const std::uint64_t seed = book_.seed();
  const std::vector<News> news = book_.take_config(config, now());
  if (book_.is_on() && book_.seed() != seed) spdlog::info("faults: seed {}", book_.seed());
  tell(news, "the configuration", publish);
}

FaultBoard::Outcome FaultBoard::set(const std::string& listener, faults::Fault fault, const std::string& who) {
  std::vector<News> news;
  if (!book_.set(listener, std::move(fault), who, now(), news)) return Outcome::not_found;
  tell(news, who, publish_);
  return Outcome::done;
}

FaultBoard::Outcome FaultBoard::remove(const std::string& listener, const std::string& name, const std::string& who) {
  std::vector<News> news;
  if (!book_.remove(listener, name, news)) return Outcome::not_found;
  tell(news, who, publish_);
  return Outcome::done;
}

FaultBoard::Outcome FaultBoard::clear(const std::optional<std::string>& listener, const std::string& who) {
  std::vector<News> news;
  if (!book_.clear(listener, news)) return Outcome::not_found;
  tell(news, who, publish_);
  return news.empty() ? Outcome::already : Outcome::done;
}

std::optional<FaultsSnapshot> FaultBoard::snapshot() const { return book_.snapshot(now()); }

/// Publishes what has changed, and then says it.
void FaultBoard::tell(const std::vector<News>& news, const std::string& who, const Publish& publish) {
  std::set<std::string> listeners;
  for (const std::string& listener : book_.listeners()) listeners.insert(listener);
  for (const auto& [listener, on] : published_) listeners.insert(listener);
  for (const std::string& listener : listeners) publish_for(listener, publish);
  for (const News& one : news) log(one, who);
  wait_for_expiry();
}

void FaultBoard::publish_for(const std::string& listener, const Publish& publish) {
  Published on{book_.seed(), book_.faults_of(listener)};
  const auto before = published_.find(listener);
  if (on.faults.empty()) {
    if (before == published_.end()) return;
    published_.erase(before);
    return publish(listener, nullptr);
  }
  if (before != published_.end() && before->second == on) return;
  auto faults = std::make_shared<const faults::FaultSet>(on.seed, listener, on.faults);
  published_[listener] = std::move(on);
  publish(listener, std::move(faults));
}

void FaultBoard::wait_for_expiry() {
  const std::optional<FaultBook::Time> next = book_.next_expiry();
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tell(book_.expire(now()), "", publish_);
  });
}

}  // namespace weir
