#include "client/report/file_attributes.hpp"

#include <linux/limits.h>
#include <sys/xattr.h>

#include <cerrno>
#include <string_view>

namespace weir::load {

std::optional<std::map<std::string, std::string>> attributes_of(const std::string& file) {
  std::map<std::string, std::string> attributes;
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::llistxattr(file.c_str(), names.data(), names.size());
  if (size < 0 && errno == ENOTSUP) return attributes;
  if (size < 0) return std::nullopt;
  std::string value(XATTR_SIZE_MAX, '\0');
  // Each name ends with a zero.
  for (std::string_view rest(names.data(), static_cast<std::size_t>(size)); !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(name.size() + 1);
    const ssize_t length = ::lgetxattr(file.c_str(), name.c_str(), value.data(), value.size());
    if (length < 0) return std::nullopt;
    attributes[name] = value.substr(0, static_cast<std::size_t>(length));
  }
  return attributes;
}

}  // namespace weir::load
