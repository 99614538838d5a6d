#include "server/config/config_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "common/io/descriptor.hpp"
#include "common/stable_hash.hpp"

namespace weir {
namespace {

/// Of a larger file its size and times are looked at.
constexpr off_t kMostHashed = off_t{64} << 20;
/// No file has it.
constexpr const char* kUnknown = "unknown";
constexpr std::string_view kUnreadable = "cannot be read: ";

/// Two files with the same one hold the same. Nothing where there is no descriptor.
std::optional<std::string> content_of(const std::string& path) {
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file && (errno == EMFILE || errno == ENFILE)) return std::nullopt;
  if (!file && errno == ENOENT) return "is not there";
  if (!file) return fmt::format("{}{}", kUnreadable, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fmt::format("{}{}", kUnreadable, errno);
  if (!S_ISREG(status.st_mode)) return "no regular file";
  if (status.st_size > kMostHashed) {
    return fmt::format("{} bytes of {}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  std::string text;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fmt::format("{}{}", kUnreadable, errno);
    if (count == 0 || static_cast<off_t>(text.size()) > kMostHashed) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return fmt::format("{} bytes, {:016x}", text.size(), stable_hash(text));
}

}  // namespace

ConfigFiles::ConfigFiles(const std::string& file) : file_(std::filesystem::absolute(file).string()) {
  held_.emplace(file_, kUnknown);
}

ServerConfig ConfigFiles::load(const Load& load) {
  std::map<std::string, std::string> held{{file_, content_of(file_).value_or(kUnknown)}};
  std::vector<std::string> named;
  const auto keep = [&] {
    for (const std::string& path : named) held.try_emplace(path, content_of(path).value_or(kUnknown));
    const std::lock_guard lock(mutex_);
    held_ = std::move(held);
  };
  try {
    ServerConfig config = load(named);
    keep();
    return config;
  } catch (...) {
    keep();
    throw;
  }
}

std::vector<std::string> ConfigFiles::paths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, content] : held_) paths.push_back(path);
  return paths;
}

bool ConfigFiles::all_readable() const {
  const std::lock_guard lock(mutex_);
  return std::none_of(held_.begin(), held_.end(),
                      [](const auto& held) { return held.second.starts_with(kUnreadable); });
}

bool ConfigFiles::is_there() const { return ::access(file_.c_str(), F_OK) == 0; }

ConfigFiles::Compared ConfigFiles::compare() const {
  const auto held = [&] {
    const std::lock_guard lock(mutex_);
    return held_;
  }();
  bool all_known = true;
  for (const auto& [path, before] : held) {
    const std::optional<std::string> now = content_of(path);
    if (now && *now != before) return Compared::different;
    all_known = all_known && now;
  }
  return all_known ? Compared::same : Compared::unknown;
}

}  // namespace weir
