#include "server/control/certificate_watch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/logging.hpp"
#include "common/stop_signals.hpp"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;
using Renewed = tls::Renewal::Result;

/// Before files are read again that were refused: somebody may have been between two of them.
constexpr std::chrono::seconds kLookAgain{1};

/// What tells whether files are others than a moment ago.
std::vector<std::tuple<dev_t, ino_t, off_t, time_t, long>> stamps(const tls::CertificateHolder& holder) {
  std::vector<std::tuple<dev_t, ino_t, off_t, time_t, long>> all;
  for (const std::string& file : holder.files()) {
    struct stat now{};
    ::stat(file.c_str(), &now);  // one that is not there has the stamp of nothing
    all.emplace_back(now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec);
  }
  return all;
}

/// A certificate and its key that were exchanged between the two reads do not match, and nobody has done anything
/// wrong: they are read again.
tls::Renewal read_again(tls::CertificateHolder& holder) {
  constexpr int kMost = 5;
  tls::Renewal found;
  for (int reads = 0; reads < kMost; ++reads) {
    const auto before = stamps(holder);
    tls::Renewal next = holder.refresh(std::chrono::system_clock::now());
    // What was refused a moment ago has not been said yet.
    if (reads > 0 && next.repeated && next.text == found.text) next.repeated = found.repeated;
    found = std::move(next);
    if (found.result != Renewed::refused || stamps(holder) == before) break;
  }
  return found;
}

}  // namespace

struct CertificateWatch::Found {
  struct OfHolder {
    std::string owner;
    tls::Renewal renewal;
  };
  std::vector<OfHolder> holders;
  bool new_ticket_keys = false;
  std::string ticket_problem;
};

CertificateWatch::CertificateWatch(Parts parts)
    : parts_(std::move(parts)), settled_(parts_.context), look_(parts_.context) {}

CertificateWatch::~CertificateWatch() {
  alive_.reset();
  if (thread_.joinable()) thread_.join();
}

void CertificateWatch::watch(Holders holders) {
  holders_ = std::move(holders);
  refresh();  // for what has changed since they were read was told to nobody
}

std::vector<tls::CertificateFacts> CertificateWatch::certificates() const {
  std::vector<tls::CertificateFacts> all;
  for (const auto& holder : holders_) {
    std::vector<tls::CertificateFacts> own = holder->certificates();
    std::move(own.begin(), own.end(), std::back_inserter(all));
  }
  return all;
}

void CertificateWatch::follow() {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& file) {
    std::error_code error;
    if (const auto path = std::filesystem::absolute(file, error); !error) paths.push_back(path.string());
  };
  for (const auto& holder : holders_) {
    for (const std::string& file : holder->files()) add(file);
  }
  if (parts_.tickets && !parts_.tickets->file().empty()) add(parts_.tickets->file());
  if (!told_ && paths.empty()) return;
  try {
    if (!told_) told_.emplace(parts_.context, [this](bool writing) { note(writing); });
    told_->watch(paths);
    said_untold_ = false;
  } catch (const std::system_error& error) {
    if (!std::exchange(said_untold_, true)) {
      spdlog::warn("TLS: {}; certificates are looked at now and then instead", error.what());
    }
  }
}

void CertificateWatch::note(bool writing) {
  settling_.note(writing, Clock::now());
  // First, so that a lack of memory in what follows forgets no change.
  settled_.expires_at(*settling_.due());
  settled_.async_wait([this](const boost::system::error_code& error) {
    if (!error) refresh();
  });
  follow();
}

void CertificateWatch::look_later() {
  Clock::time_point when = Clock::now() + parts_.look_interval;
  if (const auto due = parts_.tickets ? parts_.tickets->next_rotation() : std::nullopt; due)
    when = std::min(when, *due);
  look_.expires_at(when);
  look_.async_wait([this](const boost::system::error_code& error) {
    if (!error) refresh();
  });
}

void CertificateWatch::refresh() {
  again_ = reading_;
  if (reading_) return;
  settling_.reset();
  look_later();
  follow();  // before they are read, so that what changes from here on is told
  warn();
  if (thread_.joinable()) thread_.join();  // the last one, which has posted what it found
  try {
    thread_ = std::thread([this, alive = std::weak_ptr(alive_), holders = holders_, tickets = parts_.tickets] {
      hold_signals();
      const auto found = std::make_shared<Found>();
      for (const auto& holder : holders) {
        found->holders.push_back({holder->owner(), read_again(*holder)});
      }
      try {
        found->new_ticket_keys = tickets && tickets->refresh(Clock::now());
      } catch (const std::exception& error) {
        found->ticket_problem = error.what();
      }
      boost::asio::post(parts_.context, [this, alive, found] {
        if (!alive.expired()) finish(*found);
      });
    });
    reading_ = true;
  } catch (const std::system_error& error) {
    spdlog::error("TLS: certificates cannot be read: {}", error.what());
  }
}

void CertificateWatch::finish(const Found& found) {
  reading_ = false;
  bool refused_anew = false;
  for (const auto& [owner, renewal] : found.holders) {
    if (renewal.result == Renewed::renewed) {
      ++renewed_;
      spdlog::info("TLS of {}: {}", owner, renewal.text);
    } else if (renewal.result == Renewed::refused && !renewal.repeated) {
      ++refused_;
      refused_anew = true;
      spdlog::error("TLS of {} stays as it was: {}", owner, renewal.text);
    }
  }
  if (found.new_ticket_keys && !parts_.tickets->file().empty()) {
    spdlog::info("TLS: there are new ticket keys in {}", parts_.tickets->file());
  }
  if (!found.ticket_problem.empty() && found.ticket_problem != ticket_problem_) {
    refused_anew = true;
    spdlog::error("TLS: the ticket keys stay as they were: {}", found.ticket_problem);
  }
  ticket_problem_ = found.ticket_problem;
  warn();
  if (std::exchange(again_, false)) return refresh();
  if (!refused_anew || settling_.due()) return;
  settled_.expires_after(kLookAgain);
  settled_.async_wait([this](const boost::system::error_code& error) {
    if (!error) refresh();
  });
}

void CertificateWatch::warn() {
  for (const std::string& text : warnings_.due(certificates(), std::chrono::system_clock::now())) {
    spdlog::warn("TLS: {}", text);
  }
}

}  // namespace weir
