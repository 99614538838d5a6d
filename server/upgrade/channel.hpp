#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir::upgrade {

/// One end of the connection between a process and the one that takes its place. Messages are JSON objects, each whole
/// (unix(7), SOCK_SEQPACKET), and may bring descriptors along. What they say:
///
///     old ─▶ new   drained (in chunks)              what operators drained
///     old ─▶ new   sockets (in chunks)              the listening sockets, with whose they are
///     old ◀─ new   prepared | failed                nothing is accepted yet
///     old ─▶ new   go
///     old ◀─ new   ready                            everything is accepted from
///     old ─▶ new   passed                           the old one accepts nothing any more
///     old ◀─ new   settled                          the sockets may change: the old one cannot take them back
///
/// Whoever does not know a message, or a member of one, passes over it, so that different versions understand each
/// other. Never blocks. One thread at a time.
class Channel {
 public:
  /// The most descriptors in a message; Linux takes 253 (SCM_MAX_FD in include/net/scm.h).
  static constexpr std::size_t kMostDescriptors = 250;

  /// The other end is gone, or is no Weir. The text is for people.
  class Broken : public std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  explicit Channel(io::Descriptor socket);
  /// Both ends. Throws std::system_error.
  static std::pair<Channel, Channel> make();

  int descriptor() const { return socket_.get(); }
  void close() { socket_.close(); }

  /// False where the other end must read first. Throws Broken, or std::system_error.
  bool send(const boost::json::object& message, std::span<const int> descriptors = {});
  /// False where nothing has come. Throws Broken, also where the other end has been closed; std::system_error where
  /// there is no descriptor left for what came along.
  bool receive(boost::json::object& message, std::vector<io::Descriptor>& descriptors);

 private:
  io::Descriptor socket_;
};

/// `{"step": "go"}`
boost::json::object make_step(const char* step);
/// The step that a message is about, or nothing.
std::string step_of(const boost::json::object& message);

}  // namespace weir::upgrade
