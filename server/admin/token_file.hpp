#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "server/admin/digest.hpp"

namespace weir::admin {

/// What came of comparing a token.
struct TokenCheck {
  bool matches = false;
  std::string problem;  ///< why there is no token to compare with; empty where there is one
};

/// The token of `admin.token_file`. The file is looked at each time and read again once it has changed, so that a new
/// token counts at once. A problem with it is logged once. Control thread.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// Takes the same time whatever was offered.
  TokenCheck check(std::string_view offered);

 private:
  void read_again_if_changed();

  std::string path_;
  std::optional<struct stat> seen_;
  Digest token_{};
  std::string problem_{"it was not read yet"};
};

}  // namespace weir::admin
