#include "server/listener/acceptor.hpp"

#include <cerrno>
#include <new>
#include <system_error>

#include "server/session/run_session.hpp"

namespace weir {

namespace {

constexpr int kAcceptsPerTurn = 32;
/// For the last connections, after which no more come.
constexpr int kLastAcceptsPerTurn = 256;
constexpr std::chrono::milliseconds kPause{100};
/// How long the last connections may take if newcomers can't be kept out or no descriptor is available.
constexpr std::chrono::seconds kLastOnes{5};

enum class Accepted { one, none, refused_one, no_descriptor };
/// How a batch ended: the queue is empty, there may be more, the whole batch was refused, or could not even be refused.
enum class Batch { all, some, refused, no_descriptor };

void record_refusal(AcceptorContext& context, const Endpoint& peer) {
  ListenerContext& listener = *context.listener;
  refuse_connection(listener, {{}, ClientAddress(peer), context.port_offset}, listener.resources.admission.next_id(),
                    SessionEnd::refused_resources);
}

void report_exhaustion(AcceptorContext& context, int error) {
  context.listener->counters.add_accept_error(error);
  if (const std::uint64_t times = context.listener->resources.refusals.admit(io::Clock::now()); times > 0) {
    spdlog::error("listener {}: cannot accept: {}{}; refusing newcomers", *context.listener->name,
                  std::generic_category().message(error), times_since_last_said(times));
  }
}

/// accept(2) returns EMFILE before it checks whether anyone waits, so only the spare shows whether someone was refused.
Accepted refuse_one(AcceptorContext& context, int listening, int error) {
  Endpoint peer;
  const io::SpareDescriptor::Refusal refusal = context.listener->resources.spare.refuse_one(listening, peer);
  if (refusal == io::SpareDescriptor::Refusal::none_waiting) return Accepted::none;
  report_exhaustion(context, error);
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
    if (!context.listener->resources.spare.keep(socket)) {
      report_exhaustion(context, EMFILE);
      record_refusal(context, peer);
      return Accepted::refused_one;
    }
    try {
      context.deliver(context.listener, {std::move(socket), ClientAddress(peer), context.port_offset});
    } catch (const std::bad_alloc&) {
      record_refusal(context, peer);
    }
    return Accepted::one;
  }
  const int error = errno;
  if (error == EAGAIN) return Accepted::none;
  // Other errors of accept(2) belong to the connection at the queue's head, not to the listening socket.
  if (io::is_exhaustion(error)) return refuse_one(context, listening, error);
  context.listener->counters.add_accept_error(error);
  return Accepted::one;
}

Batch accept_batch(AcceptorContext& context, int listening, int most) {
  int refused = 0;
  for (int i = 0; i < most; ++i) {
    switch (accept_one(context, listening)) {
      case Accepted::none:
        return Batch::all;
      case Accepted::no_descriptor:
        return Batch::no_descriptor;
      case Accepted::refused_one:
        ++refused;
        break;
      case Accepted::one:
        break;
    }
  }
  return refused == most ? Batch::refused : Batch::some;
}

}  // namespace

net::awaitable<void> run_acceptor(AcceptorContext& context) {
  const int listening = context.listening;
  io::EventLoop& loop = context.listener->resources.loop;
  const io::SlotPtr slot = loop.acquire(static_cast<std::uint8_t>(SlotKind::acceptor));
  context.slot = slot.get();
  slot->set_priority(io::Priority::low);
  if (!slot->watch(io::Side::first, listening)) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a listening socket");
  }
  bool paused = false;
  while (slot->interruption() == 0) {
    Batch batch = Batch::all;
    if (slot->readable(io::Side::first) && !paused) {
      batch = accept_batch(context, listening, kAcceptsPerTurn);
      if (batch == Batch::all) slot->set_drained(io::Side::first);
    }
    // A flood that is refused anyway must not take the CPU that the others need.
    if (batch == Batch::refused || batch == Batch::no_descriptor) {
      paused = true;
      slot->set_deadline(loop.now() + kPause);
    }
    if (batch == Batch::some) {
      co_await slot->yield();
    } else {
      co_await slot->wait();
    }
    if (slot->timer_fired()) paused = false;
  }
  // Accepts whatever readiness says: the queue also holds what has come since epoll was last asked.
  const bool leave_queue = slot->take_interruption() == static_cast<std::uint8_t>(Interruption::leave_queue);
  const io::Clock::time_point give_up = loop.now() + kLastOnes;
  while (!leave_queue) {
    const Batch batch = accept_batch(context, listening, kLastAcceptsPerTurn);
    if (batch == Batch::all || loop.now() >= give_up) break;
    if (batch == Batch::no_descriptor) {
      slot->set_deadline(loop.now() + kPause);
      while (!slot->timer_fired()) co_await slot->wait();
    } else {
      co_await slot->yield();
    }
  }
  slot->unwatch(listening);
  context.slot = nullptr;
}

}  // namespace weir
