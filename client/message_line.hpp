#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "common/io/descriptor.hpp"

namespace weir::load {

/// Messages between processes of one run: JSON objects, a line each, over a stream socket.
class MessageLine {
 public:
  explicit MessageLine(io::Descriptor socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  /// Sends all of it, waiting where it must. False when the other side is gone.
  bool send(const boost::json::object& message);
  /// Takes what has come, without waiting. False when the other side is gone; what came before can still be taken.
  bool receive();
  /// The next message that is here as a whole. Throws std::runtime_error where it is no JSON object.
  std::optional<boost::json::object> next();

 private:
  io::Descriptor socket_;
  std::string received_;
  std::size_t searched_ = 0;  ///< of what was received, without finding a line's end
};

}  // namespace weir::load
