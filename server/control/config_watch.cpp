#include "server/control/config_watch.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "common/logging.hpp"
#include "common/units.hpp"

namespace weir {
namespace {

constexpr const char* kWho = "--watch";
/// Before looking again whether there can be a reload now, or whether the one that was begun has loaded the files.
constexpr std::chrono::seconds kAgain{1};

/// Of file systems whose files other machines, or the host of this one, change without this kernel's knowledge.
constexpr std::array<std::uint32_t, 7> kRemote{NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,
                                               CEPH_SUPER_MAGIC, FUSE_SUPER_MAGIC, V9FS_MAGIC};

bool is_remote(const std::string& path) {
  struct statfs status{};
  if (::statfs(path.c_str(), &status) != 0) return false;
  return std::find(kRemote.begin(), kRemote.end(), static_cast<std::uint32_t>(status.f_type)) != kRemote.end();
}

}  // namespace

ConfigWatch::ConfigWatch(Parts parts)
    : parts_(std::move(parts)),
      settled_(parts_.context),
      look_(parts_.context),
      try_again_(parts_.context),
      pause_(parts_.first_pause) {
  spdlog::info("{}: changes of {} are reloaded", kWho, parts_.files.file());
  try {
    told_.emplace(parts_.context, [this](bool writing) { note(writing); });
  } catch (const std::system_error& error) {
    look_again(error.what());
  }
  check();  // for what has changed since they were loaded was told to nobody
}

void ConfigWatch::follow() {
  const std::vector<std::string> paths = parts_.files.paths();
  try {
    if (told_) told_->watch(paths);
  } catch (const std::system_error& error) {
    look_again(error.what());
  }
  const auto remote = std::find_if(paths.begin(), paths.end(), is_remote);
  if (remote != paths.end()) look_again(*remote + " may be changed by others than this kernel");
}

void ConfigWatch::note(bool writing) {
  settling_.note(writing, std::chrono::steady_clock::now());
  // First, so that a lack of memory in what follows forgets no change.
  settled_.expires_at(*settling_.due());
  settled_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check();
  });
  follow();
}

void ConfigWatch::check() {
  settling_.reset();
  follow();  // first, so that what changes from here on is told
  const ConfigFiles::Compared compared = parts_.files.compare();
  if (compared == ConfigFiles::Compared::unknown) return check_later();
  if (compared == ConfigFiles::Compared::same) {
    if (std::exchange(gone_, false)) spdlog::info("{}: {} is back as it was", kWho, parts_.files.file());
    return;
  }
  if (!parts_.files.is_there()) {
    if (!std::exchange(gone_, true)) {
      spdlog::warn("{}: {} is gone; what it said goes on until it is back", kWho, parts_.files.file());
    }
    return;
  }
  gone_ = false;
  forget_tries();  // which were of another content
  parts_.reload(kWho);
  check_later();  // a process that drains because another one serves may have to serve again
}

void ConfigWatch::conclude(Outcome outcome) {
  // A file that cannot be read is refused like one with mistakes.
  if (outcome == Outcome::settled && parts_.files.all_readable()) return forget_tries();
  if (outcome != Outcome::not_begun) {
    spdlog::info("{}: what is in the way may pass; trying again in {}", kWho, format_duration(pause_));
  }
  try_again_later();
}

void ConfigWatch::try_again_later() {
  try_again_.expires_after(std::exchange(pause_, std::min(2 * pause_, kLongestPause)));
  try_again_.async_wait([this](const boost::system::error_code& error) {
    if (!error) parts_.reload(kWho);
  });
}

void ConfigWatch::forget_tries() {
  try_again_.cancel();
  pause_ = parts_.first_pause;
}

void ConfigWatch::check_later() {
  settled_.expires_after(kAgain);
  settled_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check();
  });
}

void ConfigWatch::look_again(const std::string& why) {
  if (std::exchange(looking_, true)) return;
  spdlog::warn("{}: {}; looking at the files every {}", kWho, why, format_duration(parts_.look_interval));
  seen_ = identities();
  look();
}

void ConfigWatch::look() {
  look_.expires_after(parts_.look_interval);
  look_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look();
    // Whoever writes in place may still be at it.
    if (Identities now = identities(); now != std::exchange(seen_, now)) note(true);
  });
}

ConfigWatch::Identities ConfigWatch::identities() const {
  Identities all;
  for (const std::string& path : parts_.files.paths()) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) continue;
    all[path] = {status.st_dev,          status.st_ino,         status.st_size,        status.st_mtim.tv_sec,
                 status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  }
  return all;
}

}  // namespace weir
