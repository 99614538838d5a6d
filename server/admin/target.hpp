#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::admin {

/// A request that is wrong; the text says how, and what would be right.
class BadRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a request is about, with percent-escapes (RFC 3986, section 2.1) decoded piece by piece: a piece of the path
/// may hold a slash that was written as %2F.
struct Target {
  std::vector<std::string> path;  ///< `/a/b` is {"a", "b"}, `/` is {""}
  std::vector<std::pair<std::string, std::string>> query;
};

/// Throws BadRequest.
Target parse_target(std::string_view text);

/// Whether a path, in pieces, is one of `pattern`, such as `/a/*`. A piece of the pattern that is `*` may be anything.
bool matches_path(std::string_view pattern, const std::vector<std::string>& path);

}  // namespace weir::admin
