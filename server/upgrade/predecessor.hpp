#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/tls/ticket_keys.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/upgrade/channel.hpp"
#include "server/upgrade/drained.hpp"

namespace weir::upgrade {

/// The process whose place this one takes, seen from the new one. It serves until this one says that it is ready.
/// Control thread.
class Predecessor {
 public:
  /// Nothing where this process was not started for an upgrade. Before there are threads.
  static std::optional<Predecessor> find();

  /// What it listens on. Blocks until all of it has come; throws std::runtime_error where that fails.
  InheritedSockets receive_sockets();
  /// What operators have drained there; known once the sockets are.
  const Drained& drained() const { return drained_; }
  /// Its keys of TLS session tickets; known likewise.
  std::span<const std::byte> ticket_keys() const { return {ticket_keys_.data(), ticket_keys_.size()}; }

  /// Everything that may fail is done; `left` are the places of the groups that this configuration has no use for.
  /// Blocks until this process may accept. One whose predecessor has died meanwhile may, too.
  void wait_for_go(const std::vector<std::size_t>& left);

  /// Everything is accepted from. Calls `passed` in a turn of the context once the other accepts nothing any more.
  void ready(boost::asio::io_context& context, const std::function<void()>& passed);

  /// The sockets may change from now on, so that the other cannot take them back. Nothing once it is gone.
  void settle();

  /// This process ends without having been ready, because of that.
  void fail(const std::string& reason);

 private:
  explicit Predecessor(Channel channel) : channel_(std::make_shared<Channel>(std::move(channel))) {}

  /// Blocks until there is a message of that step.
  boost::json::object wait_for(const char* step, std::vector<io::Descriptor>& descriptors);
  void say(const boost::json::object& message);

  std::shared_ptr<Channel> channel_;
  Drained drained_;
  tls::SecretBytes ticket_keys_;
  bool settled_ = false;
  bool serves_ = false;
};

}  // namespace weir::upgrade
