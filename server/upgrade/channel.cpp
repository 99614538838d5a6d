#include "server/upgrade/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir::upgrade {

namespace {

/// More than any message, which the kernel bounds by the sender's buffer anyway (net.core.wmem_max).
constexpr std::size_t kLongest = 256 * 1024;

using Control = std::array<char, CMSG_SPACE(Channel::kMostDescriptors * sizeof(int))>;

[[noreturn]] void fail(int error, const char* what) {
  if (error == EPIPE || error == ECONNRESET) throw Channel::Broken("the other process closed the connection");
  throw std::system_error(error, std::generic_category(), what);
}

void take_descriptors(msghdr& header, std::vector<io::Descriptor>& descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::vector<int> numbers(count);
    std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
    for (const int number : numbers) descriptors.emplace_back(number);
  }
}

}  // namespace

Channel::Channel(io::Descriptor socket) : socket_(std::move(socket)) {
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot use the connection to another process");
  }
}

std::pair<Channel, Channel> Channel::make() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a connection to another process");
  }
  return {Channel(io::Descriptor(ends[0])), Channel(io::Descriptor(ends[1]))};
}

bool Channel::send(const boost::json::object& message, std::span<const int> descriptors) {
  std::string text = boost::json::serialize(message);
  iovec piece{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) Control control{};
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0) return true;
  // ETOOMANYREFS: so many of this user's descriptors are on their way already.
  if (errno == EAGAIN || errno == EINTR || errno == ETOOMANYREFS) return false;
  fail(errno, "cannot send to another process");
}

bool Channel::receive(boost::json::object& message, std::vector<io::Descriptor>& descriptors) {
  std::string text(kLongest, '\0');
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  // What it left unread is told first, and once; its last messages are still there.
  if (count < 0 && errno == ECONNRESET) count = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count < 0) fail(errno, "cannot receive from another process");
  take_descriptors(header, descriptors);
  if (count == 0) throw Broken("the other process closed the connection");
  if ((header.msg_flags & MSG_CTRUNC) != 0) {
    throw std::system_error(EMFILE, std::generic_category(), "cannot take the listening sockets");
  }
  text.resize(static_cast<std::size_t>(count));
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) throw Broken("the other process says what cannot be understood");
  message = value.get_object();
  return true;
}

boost::json::object make_step(const char* step) { return {{"step", step}}; }

std::string step_of(const boost::json::object& message) {
  const boost::json::value* const step = message.if_contains("step");
  return step != nullptr && step->is_string() ? std::string(step->get_string()) : "";
}

}  // namespace weir::upgrade
