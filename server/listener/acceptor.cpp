#include "server/listener/acceptor.hpp"

#include <cerrno>
#include <new>
#include <system_error>

namespace weir {

namespace {

constexpr int kAcceptsPerTurn = 32;
constexpr int kLastTurns = 128;
constexpr std::chrono::milliseconds kPause{100};

enum class Accepted { one, none, refused_one, no_descriptor };

void record_refusal(AcceptorContext& context, const Endpoint& peer) {
  refuse_connection(context.session, {}, ClientAddress(peer), context.session.admission.next_id(),
                    SessionEnd::refused_resources);
}

/// accept(2) says EMFILE before it looks whether anyone waits, so only the spare tells whether someone was refused.
Accepted refuse_one(AcceptorContext& context, int listening, int error) {
  Endpoint peer;
  const io::SpareDescriptor::Refusal refusal = context.session.spare.refuse_one(listening, peer);
  if (refusal == io::SpareDescriptor::Refusal::none_waiting) return Accepted::none;
  if (const std::uint64_t times = context.session.refusals.admit(io::Clock::now()); times > 0) {
    spdlog::error("listener {}: cannot accept: {} ({} times since last said); refusing newcomers",
                  context.session.config.name, std::generic_category().message(error), times);
  }
  if (refusal == io::SpareDescriptor::Refusal::no_descriptor) return Accepted::no_descriptor;
  record_refusal(context, peer);
  return Accepted::refused_one;
}

Accepted accept_one(AcceptorContext& context, int listening) {
  Endpoint peer;
  socklen_t length = Endpoint::capacity();
  io::Descriptor socket(::accept4(listening, peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    peer.resize(length);
    if (!context.session.spare.keep(socket)) {
      record_refusal(context, peer);
      return Accepted::refused_one;
    }
    try {
      context.deliver(std::move(socket), ClientAddress(peer));
    } catch (const std::bad_alloc&) {
      record_refusal(context, peer);
    }
    return Accepted::one;
  }
  const int error = errno;
  if (error == EAGAIN) return Accepted::none;
  // Other errors of accept(2) belong to the connection at the queue's head, not to the listening socket.
  return io::is_exhaustion(error) ? refuse_one(context, listening, error) : Accepted::one;
}

}  // namespace

net::awaitable<void> run_acceptor(AcceptorContext& context, int listening) {
  const io::SlotPtr slot = context.session.loop.acquire(static_cast<std::uint8_t>(SlotKind::acceptor));
  if (!slot->watch(io::Side::first, listening)) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a listening socket");
  }
  // What is queued when it is told to stop is still accepted, but no flood may keep it from stopping.
  int last_turns = kLastTurns;
  bool paused = false;
  for (;;) {
    int refused = 0;
    for (int batch = kAcceptsPerTurn; batch > 0 && !paused && slot->readable(io::Side::first); --batch) {
      const Accepted accepted = accept_one(context, listening);
      if (accepted == Accepted::none) slot->set_drained(io::Side::first);
      if (accepted == Accepted::refused_one) ++refused;
      // A flood that is refused anyway must not cost what the others need.
      paused = accepted == Accepted::no_descriptor || refused == kAcceptsPerTurn;
      if (paused) slot->set_deadline(context.session.loop.now() + kPause);
    }
    const bool more = slot->readable(io::Side::first) && !paused;
    if (slot->interruption() != 0 && (!more || last_turns-- == 0)) break;
    if (more) {
      co_await slot->yield();
    } else {
      co_await slot->wait();
    }
    if (slot->timer_fired() || slot->interruption() != 0) paused = false;
  }
  slot->unwatch(listening);
}

}  // namespace weir
