#include "common/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <limits>
#include <system_error>
#include <vector>

namespace weir {
namespace {

/// The highest number means "leave it" to chown(2).
template <typename Id>
std::optional<Id> as_number(const std::string& text) {
  Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id == std::numeric_limits<Id>::max()) {
    return std::nullopt;
  }
  return id;
}

/// getpwnam_r(3) and getgrnam_r(3) want a buffer of a size that nobody can tell before.
template <typename Entry, typename Lookup>
std::optional<Entry> look_up(const std::string& name, std::vector<char>& buffer, Lookup lookup) {
  for (buffer.resize(1024);; buffer.resize(buffer.size() * 4)) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = lookup(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE && buffer.size() < (1u << 22)) continue;
    if (found != nullptr) return entry;
    // What they return for a name that is not there depends on where they looked.
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM) return std::nullopt;
    throw std::system_error(error, std::generic_category(), "cannot look up " + name);
  }
}

}  // namespace

std::optional<uid_t> find_user(const std::string& name) {
  if (const auto number = as_number<uid_t>(name)) return number;
  std::vector<char> buffer;
  const auto entry = look_up<passwd>(name, buffer, ::getpwnam_r);
  return entry ? std::optional(entry->pw_uid) : std::nullopt;
}

std::optional<gid_t> find_group(const std::string& name) {
  if (const auto number = as_number<gid_t>(name)) return number;
  std::vector<char> buffer;
  const auto entry = look_up<group>(name, buffer, ::getgrnam_r);
  return entry ? std::optional(entry->gr_gid) : std::nullopt;
}

}  // namespace weir
