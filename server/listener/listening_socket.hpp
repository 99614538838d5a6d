#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"
#include "server/config/server_config.hpp"
#include "server/listener/handed_over.hpp"
#include "server/listener/inherited_sockets.hpp"
#include "server/listener/socket_file.hpp"

namespace weir {

/// One port of a listener's `bind` list, resolved.
struct BindPlace {
  Endpoint endpoint;              ///< with port 0 for any free one
  bool dual_stack = false;        ///< takes connections of both families
  std::uint16_t port_offset = 0;  ///< its place in the range, from 0
  std::uint16_t port_count = 1;   ///< of the range
  /// What to accept from, instead of a socket that is bound here.
  std::shared_ptr<const HandedOverSocket> handed_over = nullptr;

  /// Whether sockets of one can serve as those of the other.
  bool same_address(const BindPlace& other) const {
    return endpoint == other.endpoint && dual_stack == other.dual_stack && handed_over == other.handed_over;
  }
};

/// In the order of the list. Blocks while names are looked up; throws std::runtime_error as resolve() and
/// HandedOverSockets::named() do. Any thread.
std::vector<BindPlace> bind_places(const ListenerConfig& config, const HandedOverSockets& handed_over = {});

/// Who else may listen on a port that is about to be bound.
enum class PortUse : std::uint8_t {
  exclusive,  ///< nobody: a port that something listens on is an error
  shared,     ///< sockets of this process, which are about to be closed
};

/// The listening sockets of one bound endpoint: one per worker (SO_REUSEPORT), or a single one, as a unix socket has,
/// whose connections one worker accepts and hands on. Owns them; workers borrow the descriptors.
class ListeningSocket {
 public:
  /// Binds, and listens unless that is to come later, by listen(). Throws std::system_error whose text names the
  /// endpoint. A port that something else listens on is an error, because the bind is first tried without SO_REUSEPORT.
  /// A stale unix socket file is replaced; a file that still accepts, or is not a socket, is an error. A socket that
  /// was handed over is shared and gets the TCP options; its backlog, its file and the file's permissions stay as its
  /// owner made them. One thread at a time.
  ListeningSocket(const ListenerConfig& config, const BindPlace& place, int backlog, std::size_t workers,
                  PortUse use = PortUse::exclusive, bool listens = true);

  /// Throws std::system_error whose text names the endpoint.
  void listen(int backlog) const;

  /// Takes over sockets that listen already, all on the same endpoint: bound by a service manager or by another
  /// process. They are one for each worker, or a single one for all. The file of a unix socket is left alone when they
  /// go, until own_file() is called. Throws
  /// std::system_error or std::runtime_error that says which is no listening stream socket, or listens elsewhere; the
  /// sockets are closed then. Without a place it is where they listen.
  static ListeningSocket adopt(std::vector<io::Descriptor> sockets, const std::optional<BindPlace>& place = {});
  /// Binds more sockets beside those that were adopted, until each of so many workers has one; they listen later, by
  /// reconfigure(). Nothing where they share one that knows no SO_REUSEPORT. Throws std::system_error.
  void grow(std::size_t workers, const TcpConfig& tcp);
  bool is_adopted() const { return adopted_; }
  /// The file of an adopted unix socket goes with it from now on, unless that was passed on.
  void own_file() { file_.own(!passed_on_); }

  /// The address as bound: port 0 has been replaced by the port that was picked.
  const Endpoint& endpoint() const { return endpoint_; }
  /// What was asked for.
  const BindPlace& place() const { return place_; }
  /// The descriptor at that place of the group. A shared one is the same for all.
  int descriptor(std::size_t index) const { return sockets_[shared() ? 0 : index].get(); }
  /// Those that a worker accepts from, which is one of so many. Worker 0 alone has a shared one; of a group that was
  /// adopted and is larger than their number, a worker may have several.
  std::vector<int> descriptors_of(std::size_t worker, std::size_t workers) const;
  std::vector<int> descriptors() const { return descriptors_of(0, 1); }
  /// Moved from, or closed.
  bool is_empty() const { return sockets_.empty(); }
  bool shared() const { return sockets_.size() == 1; }
  /// Another process goes on listening when this one does not, one that handed it over or that it was passed on to: it
  /// is not made to refuse newcomers, and whoever is queued on it stays there.
  bool is_handed_over() const { return passed_on_ || place_.handed_over != nullptr; }
  /// The place of its port in the range, from 0.
  std::uint16_t port_offset() const { return place_.port_offset; }
  /// Goes on at that place, which has the same address.
  void move_to(const BindPlace& place) { place_ = place; }
  /// Goes on with these options; `permissions` are those of a socket with a file. Throws std::system_error that names
  /// what failed, having done what it could. Control thread.
  void reconfigure(const TcpConfig& tcp, int backlog, const std::optional<SocketPermissions>& permissions);
  /// Another process accepts from the same sockets, and has the file of a unix socket, from now on.
  void pass_on();
  /// For people: the endpoint, or the whole range.
  std::string name() const;
  /// From now on newcomers are refused as if nobody listened, while the queue and TCP handshakes under way live on,
  /// including a SYN that another CPU is handling right now. False if the kernel cannot do that. Any thread.
  bool refuse_newcomers() const;

 private:
  ListeningSocket() = default;
  io::Descriptor open(bool reuse_port) const;

  BindPlace place_;
  Endpoint endpoint_;
  std::vector<io::Descriptor> sockets_;
  bool passed_on_ = false;
  bool adopted_ = false;
  SocketFile file_;  ///< destroyed first, while the socket keeps the file's inode number from being reused
};

/// For people: what they listen on; a range of ports counts once.
std::vector<std::string> bound_addresses(const std::vector<ListeningSocket>& sockets);

/// Opens all sockets of a listener, in the order of its `bind` list: one ListeningSocket for each port of a range.
/// Those that were inherited are taken over instead; until refresh() is called, nothing of them changes that the
/// process before could notice.
std::vector<ListeningSocket> open_listening_sockets(const ListenerConfig& config, int backlog, std::size_t workers,
                                                    const HandedOverSockets& handed_over = {},
                                                    InheritedSockets* inherited = nullptr);

/// Gives adopted sockets of a listener its options, and has those listen that were bound beside them. Logs what cannot
/// be done. Control thread.
void refresh(std::vector<ListeningSocket>& adopted, const ListenerConfig& config, int backlog);

}  // namespace weir
