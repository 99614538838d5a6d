#include "client/message_line.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <stdexcept>
#include <string_view>

namespace weir::load {

namespace json = boost::json;

bool MessageLine::send(const json::object& message) {
  const std::string text = json::serialize(message) + "\n";
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t sent = ::send(fd(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool MessageLine::receive() {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (count == 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::optional<json::object> MessageLine::next() {
  const std::size_t end = received_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = received_.size();
    return std::nullopt;
  }
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(received_.data(), end), error);
  received_.erase(0, end + 1);
  searched_ = 0;
  if (error || !value.is_object()) throw std::runtime_error("a process of this run sent what is no message");
  return std::move(value.get_object());
}

}  // namespace weir::load
