#include "server/listener/acceptor.hpp"

#include <cerrno>
#include <system_error>

namespace weir {

namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr std::chrono::milliseconds kPause{100};

enum class Accepted { one, none, out_of_resources };

/// accept(2) reports errors that belong to the connection at the queue's head, not to the listening socket.
bool is_exhaustion(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

Accepted accept_one(AcceptorContext& context, int listening) {
  Endpoint peer;
  socklen_t length = Endpoint::capacity();
  io::Descriptor socket(::accept4(listening, peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    peer.resize(length);
    context.deliver(std::move(socket), ClientAddress(peer));
    return Accepted::one;
  }
  if (errno == EAGAIN) return Accepted::none;
  return is_exhaustion(errno) ? Accepted::out_of_resources : Accepted::one;
}

void refuse_for_resources(AcceptorContext& context, int listening, int error) {
  const std::uint64_t times = context.out_of_descriptors.admit(io::Clock::now());
  if (times > 0) {
    spdlog::error("listener {}: cannot accept: {} ({} times since last said); refusing newcomers",
                  context.session.config.name, std::generic_category().message(error), times);
  }
  if (const std::optional<Endpoint> peer = context.spare.refuse_one(listening)) {
    refuse_connection(context.session, {}, ClientAddress(*peer), context.session.admission.next_id(),
                      SessionEnd::refused_resources);
  }
}

}  // namespace

net::awaitable<void> run_acceptor(AcceptorContext& context, int listening) {
  const io::SlotPtr slot = context.session.loop.acquire(static_cast<std::uint8_t>(SlotKind::acceptor));
  if (!slot->watch(io::Side::first, listening)) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a listening socket");
  }
  bool paused = false;
  for (;;) {
    for (int batch = kAcceptsPerTurn; batch > 0 && !paused && slot->readable(io::Side::first); --batch) {
      const Accepted accepted = accept_one(context, listening);
      if (accepted == Accepted::none) slot->set_drained(io::Side::first);
      if (accepted == Accepted::out_of_resources) {
        refuse_for_resources(context, listening, errno);
        paused = true;
        slot->set_deadline(context.session.loop.now() + kPause);
      }
    }
    const bool more = slot->readable(io::Side::first) && !paused;
    if (slot->interruption() != 0 && !more) break;
    if (more) {
      co_await slot->yield();
    } else {
      co_await slot->wait();
    }
    if (slot->timer_fired()) paused = false;
  }
  slot->unwatch(listening);
}

}  // namespace weir
