#include "server/admin/token_file.hpp"

#include <stdexcept>
#include <tuple>
#include <utility>

#include "common/logging.hpp"
#include "common/secret_file.hpp"

namespace weir::admin {
namespace {

/// What differs once the file, its permissions or its place have changed.
auto identity(const struct stat& status) {
  return std::tuple(status.st_dev, status.st_ino, status.st_size, status.st_mode, status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

}  // namespace

TokenCheck TokenFile::check(std::string_view offered) {
  read_again_if_changed();
  if (!problem_.empty()) return {false, problem_};
  return {equal(sha256(offered), token_), {}};
}

void TokenFile::read_again_if_changed() {
  struct stat now{};
  const bool found = ::stat(path_.c_str(), &now) == 0;
  if (found && seen_ && identity(now) == identity(*seen_)) return;
  // Until it has been read whole there is no token, and it is read again at the next use: the old one is not valid any
  // more, and what kept it from being read may be over by then.
  seen_.reset();
  const std::string before = std::exchange(problem_, "it was not read yet");
  try {
    token_ = sha256(read_secret_file(path_));
    problem_.clear();
    seen_ = now;
  } catch (const std::runtime_error& error) {
    problem_ = error.what();
  }
  if (!problem_.empty() && problem_ != before) spdlog::error("admin: token_file {}", problem_);
}

}  // namespace weir::admin
