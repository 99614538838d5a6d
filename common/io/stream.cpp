#include "common/io/stream.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace weir::io {

Stream::Stream(Slot& slot, Side side, StreamSocket socket, bool inet)
    : slot_(&slot), socket_(std::move(socket)), side_(side), inet_(inet) {
  if (!inet) {
    // Accepted internet sockets have it from the listening one.
    const int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  }
  slot.forget(side);
  if (!slot.watch(side, socket_.get())) {
    const int error = errno;
    socket_.reset();
    errno = error;
  }
}

IoResult Stream::read(std::span<std::byte> buffer) {
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    const auto bytes = static_cast<std::size_t>(count);
    if (bytes < buffer.size() && inet_ && !slot_->pressing(side_)) slot_->set_drained(side_);
    return {IoResult::Status::moved, 0, bytes};
  }
  return read_result(count);
}

/// Of a recv(2) that gave no byte.
IoResult Stream::read_result(ssize_t count) {
  // A reset socket whose error another call has returned already reads as if its peer had sent a FIN.
  if (count == 0 && slot_->failed(side_)) return {IoResult::Status::failed, ECONNRESET};
  if (count == 0) return {IoResult::Status::end};
  if (errno == EAGAIN || errno == EINTR) {
    if (errno == EAGAIN) slot_->set_drained(side_);
    return {IoResult::Status::would_block};
  }
  return {IoResult::Status::failed, errno};
}

IoResult Stream::peek(std::span<std::byte> buffer) {
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_PEEK);
  if (count > 0) return {IoResult::Status::moved, 0, static_cast<std::size_t>(count)};
  return read_result(count);
}

bool Stream::await_more() {
  if (slot_->pressing(side_)) return false;
  slot_->set_drained(side_);
  return true;
}

IoResult Stream::read_into(Pipe& pipe, std::size_t most) {
  const ssize_t count = ::splice(socket_.get(), nullptr, pipe.write_end.get(), nullptr, std::min(most, pipe.capacity),
                                 SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (count > 0) {
    // Not a word about what is left: small segments fill a pipe's pages long before its bytes.
    pipe.inside += static_cast<std::size_t>(count);
    return {IoResult::Status::moved, 0, static_cast<std::size_t>(count)};
  }
  // At an urgent mark splice(2) stops for good, and says 0, as at the end, once a FIN stands somewhere behind it.
  if (count == 0) return {IoResult::Status::would_block};
  if (errno == EAGAIN && !slot_->pressing(side_)) slot_->set_drained(side_);
  if (errno == EAGAIN || errno == EINTR || errno == EINVAL) return {IoResult::Status::would_block};
  return {IoResult::Status::failed, errno};
}

IoResult Stream::write_from(Pipe& pipe) {
  const ssize_t count =
      ::splice(pipe.read_end.get(), nullptr, socket_.get(), nullptr, pipe.inside, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (count > 0) {
    // A short count does not say that the socket is full: a signal that is pending (SIGSTOP, a debugger, a frozen
    // control group) ends it early as well, and so does a RST, whose error is lost. Only the next try tells.
    pipe.inside -= static_cast<std::size_t>(count);
    return {IoResult::Status::moved, 0, static_cast<std::size_t>(count)};
  }
  return write_result(count, pipe.inside);
}

IoResult Stream::write(std::span<const std::byte> data) {
  return write_result(::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT), data.size());
}

IoResult Stream::write(std::span<const std::byte> first, std::span<const std::byte> second) {
  // sendmsg(2) does not write through the vectors it is given.
  iovec parts[2] = {{const_cast<std::byte*>(first.data()), first.size()},
                    {const_cast<std::byte*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return write_result(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT), first.size() + second.size());
}

IoResult Stream::write_result(ssize_t count, std::size_t wanted) {
  if (count >= 0) {
    const auto bytes = static_cast<std::size_t>(count);
    if (bytes < wanted) slot_->set_full(side_);
    return {IoResult::Status::moved, 0, bytes};
  }
  if (errno == EAGAIN || errno == EINTR) {
    if (errno == EAGAIN) slot_->set_full(side_);
    return {IoResult::Status::would_block};
  }
  // Whoever reads next must not take the end of a broken connection for a FIN.
  slot_->set_failed(side_);
  return {IoResult::Status::failed, errno};
}

void Stream::shutdown_write() { ::shutdown(socket_.get(), SHUT_WR); }

std::size_t Stream::unacknowledged() const {
  if (!inet_) return 0;  // it counts memory there, not bytes; and closing loses none of them
  int bytes = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

std::size_t Stream::unread() const {
  int bytes = 0;
  if (::ioctl(socket_.get(), FIONREAD, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

int Stream::take_error() const {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

ConnectStart start_connect(const Endpoint& target) {
  return start_connect(target, [](int) { return 0; });
}

bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
         error == ENOSPC;  // of epoll watches
}

bool is_local_error(int error) { return is_exhaustion(error) || error == EADDRNOTAVAIL || error == EADDRINUSE; }

Descriptor open_stream_socket(int family) {
  return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int connect_socket(int fd, const Endpoint& target) {
  return ::connect(fd, target.data(), target.size()) == 0 ? 0 : errno;
}

}  // namespace weir::io
