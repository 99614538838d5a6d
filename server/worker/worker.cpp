#include "server/worker/worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "server/session/run_session.hpp"
#include "server/worker/placement.hpp"

namespace weir {

namespace {

/// How many slots are looked at before others have their turn.
constexpr std::size_t kLookedAtPlaces = 1024;
/// How many sockets of those that are to be closed.
constexpr std::size_t kStoppedAtOnce = 64;

/// An acceptor ends by itself only where its socket cannot be waited for.
void say_failed(const AcceptorContext& acceptor, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::critical("listener {}: {}", *acceptor.listener->name, error.what());
  }
}

[[noreturn]] void die(const std::exception_ptr& failure) { std::rethrow_exception(failure); }

}  // namespace

Worker::Worker(std::size_t index, const Shared& shared, std::size_t pipes)
    : index_(index),
      shared_(shared),
      pipes_(pipes, shared_.spare),
      tls_{tls::Buffers(), HandshakePlaces(shared.handshakes),
           io::SideThread(loop_, "weir-h" + std::to_string(index))} {}

void Worker::start(std::deque<Worker>& peers) {
  peers_ = &peers;
  thread_ = std::thread([this] { loop_.run(); });
  ::pthread_setname_np(thread_.native_handle(), ("weir-w" + std::to_string(index_)).c_str());
}

ListenerContext* Worker::make_context(const ListenerPtr& listener) {
  const WorkerResources resources{loop_,
                                  pipes_,
                                  shared_.access_log.queue(index_),
                                  shared_.admission,
                                  shared_.spare,
                                  shared_.refusals,
                                  shared_.splice,
                                  tls_,
                                  established_};
  return new ListenerContext(resources, listener, index_);
}

void Worker::serve(const ListenerPtr& listener) {
  // Owned by one thread at a time: the count that pins it from then on is a plain one.
  loop_.post([this, context = std::unique_ptr<ListenerContext>(make_context(listener))]() mutable {
    const Listener* served = context->listener.get();
    contexts_[served] = ListenerContextPtr(context.release());
  });
}

/// A listener that was retired while a connection was on its way here still serves it.
ListenerContextPtr Worker::context_of(const ListenerPtr& listener) {
  const auto found = contexts_.find(listener.get());
  return found != contexts_.end() ? found->second : ListenerContextPtr(make_context(listener));
}

void Worker::accept_from(const ListeningSocket& socket, const ListenerPtr& listener) {
  for (const int listening : descriptors_of(socket)) {
    loop_.post([this, listener, listening, offset = socket.port_offset()] {
      run_acceptor_on(listening, context_of(listener), offset);
    });
  }
}

void Worker::run_acceptor_on(int listening, const ListenerContextPtr& context, std::uint16_t port_offset) {
  const auto deliver = [this](const ListenerContextPtr& to, Arrival arrival) { place(to, std::move(arrival)); };
  const auto acceptor = acceptors_.insert({listening, {{listening, deliver, context, port_offset}, nullptr}});
  AcceptorContext& made = acceptor->second.context;
  net::asio::co_spawn(loop_.executor(), run_acceptor(made), [this, acceptor](std::exception_ptr failure) {
    if (failure) say_failed(acceptor->second.context, failure);
    acceptors_.erase(acceptor);
  });
}

void Worker::pass_on(const ListeningSocket& socket, const ListenerPtr& listener) {
  for (const int listening : descriptors_of(socket)) {
    loop_.post([this, listener, listening, offset = socket.port_offset()] {
      const auto [first, last] = acceptors_.equal_range(listening);
      for (auto acceptor = first; acceptor != last; ++acceptor) {
        acceptor->second.context.listener = context_of(listener);
        acceptor->second.context.port_offset = offset;
      }
    });
  }
}

void Worker::stop_accepting(const std::vector<const ListeningSocket*>& sockets, std::function<void()> done) {
  auto stop = std::make_shared<Stop>(std::move(done));
  std::vector<std::pair<int, Interruption>> listening;
  const auto post = [&](std::shared_ptr<Stop> when_over) {
    loop_.post([this, listening = std::exchange(listening, {}), stop = std::move(when_over)] {
      for (const auto& [descriptor, why] : listening) interrupt_acceptors(descriptor, why, stop);
    });
  };
  for (const ListeningSocket* socket : sockets) {
    const Interruption why = socket->is_handed_over() ? Interruption::leave_queue : Interruption::shutdown;
    for (const int descriptor : descriptors_of(*socket)) {
      listening.emplace_back(descriptor, why);
      if (listening.size() == kStoppedAtOnce) post(stop);
    }
  }
  post(std::move(stop));
}

void Worker::interrupt_acceptors(int listening, Interruption why, const std::shared_ptr<Stop>& stop) {
  const auto [first, last] = acceptors_.equal_range(listening);
  for (auto found = first; found != last; ++found) {
    Acceptor& acceptor = found->second;
    if (acceptor.context.slot == nullptr) continue;
    acceptor.stop = stop;
    acceptor.context.slot->interrupt(static_cast<std::uint8_t>(why));
  }
}

void Worker::place(const ListenerContextPtr& context, Arrival arrival) {
  std::deque<Worker>& peers = *peers_;
  const std::size_t chosen = choose_worker(
      index_, peers.size(), [&peers](std::size_t i) { return peers[i].load_.load(std::memory_order_relaxed); });
  Worker& worker = peers[chosen];
  worker.load_.fetch_add(1, std::memory_order_relaxed);
  if (&worker == this) return start_session(context, std::move(arrival));
  try {
    worker.loop_.post([&worker, listener = context->listener, arrival = std::move(arrival)]() mutable {
      worker.start_session(worker.context_of(listener), std::move(arrival));
    });
  } catch (const std::bad_alloc&) {
    worker.load_.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

void Worker::start_session(const ListenerContextPtr& context, Arrival arrival) {
  SessionStart start{context, {}, std::move(arrival)};
  try {
    start.slot = loop_.acquire(static_cast<std::uint8_t>(SlotKind::session));
    loop_.spawn(run_session(start), [this](std::exception_ptr failure) {
      if (failure) die(failure);
      load_.fetch_sub(1, std::memory_order_relaxed);
    });
  } catch (const std::bad_alloc&) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    refuse_connection(*context, std::move(start.arrival), shared_.admission.next_id(), SessionEnd::refused_resources);
  }
}

void Worker::retire(const ListenerPtr& listener) {
  loop_.post([this, listener] { contexts_.erase(listener.get()); });
}

void Worker::cut_sessions() {
  loop_.post([this] {
    loop_.interrupt_all(static_cast<std::uint8_t>(SlotKind::session),
                        static_cast<std::uint8_t>(Interruption::shutdown));
  });
}

void Worker::cut_sessions(const ListenerPtr& listener) {
  walk_sessions(
      [listener](Session& session) {
        if (!session.context->listener->is_same(*listener)) return true;
        session.slot->interrupt(static_cast<std::uint8_t>(Interruption::shutdown));
        return true;
      },
      [] {}, kLookedAtPlaces);
}

void Worker::close_idle(const DrainSpread& spread, DrainSpread::Time until, std::shared_ptr<void> token) {
  walk_sessions(
      [spread, until](Session& session) {
        if (!session.seems_idle() || spread.turn_of(session.id) >= until) return true;
        session.notices.close_if_idle = true;
        session.slot->wake();
        return true;
      },
      [token = std::move(token)] {}, kLookedAtPlaces);
}

void Worker::reshape_sessions(const ListenerPtr& listener) {
  walk_sessions(
      [listener](Session& session) {
        if (!session.context->listener->is_same(*listener)) return true;
        session.notices.reshape = true;
        session.slot->wake();
        return true;
      },
      [] {}, kLookedAtPlaces);
}

void Worker::walk_sessions(Visit visit, std::function<void()> done, std::size_t places) {
  // A lack of memory ends the walk early; whoever waits for `done` does so within a time limit.
  loop_.post([this, visit = std::move(visit), done = std::move(done), places] {
    try {
      // Here, because a coroutine that ends before it ever waited is ended by Asio through a post, which allocates.
      io::SlotPtr slot = loop_.acquire(static_cast<std::uint8_t>(SlotKind::walk));
      loop_.spawn(walk(std::move(slot), visit, places), [done](std::exception_ptr) { done(); });
    } catch (const std::bad_alloc&) {
      return;
    }
  });
}

net::awaitable<void> Worker::walk(io::SlotPtr slot, Visit visit, std::size_t places) {
  bool more = true;
  for (std::optional<std::size_t> next = 0; next && more;) {
    next = loop_.visit(static_cast<std::uint8_t>(SlotKind::session), *next, places, [&](io::Slot& found) {
      auto* session = static_cast<Session*>(found.subject());
      if (session != nullptr) more = more && visit(*session);
    });
    co_await slot->yield();
  }
}

void Worker::probe() {
  const io::Clock::time_point now = io::Clock::now();
  if (probe_is_back_.exchange(false)) {
    probe_sent_ = now;
    loop_.post([this, now] {
      lag_ns_.store(std::chrono::nanoseconds(io::Clock::now() - now).count(), std::memory_order_relaxed);
      pipes_on_loan_.store(pipes_.on_loan(), std::memory_order_relaxed);
      probe_is_back_ = true;
    });
  }
  clockid_t clock{};
  timespec used{};
  if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0 || ::clock_gettime(clock, &used) != 0) return;
  const auto cpu =
      std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec) + tls_.side_thread.cpu_time();
  if (measured_ != io::Clock::time_point{}) {
    busy_ratio_ = std::min(1.0, std::chrono::duration<double>(cpu - cpu_time_) / (now - measured_));
  }
  cpu_time_ = cpu;
  measured_ = now;
}

WorkerSnapshot Worker::snapshot() const {
  std::chrono::nanoseconds lag(lag_ns_.load(std::memory_order_relaxed));
  if (!probe_is_back_) lag = std::max(lag, std::chrono::nanoseconds(io::Clock::now() - probe_sent_));
  return {busy_ratio_, load_.load(std::memory_order_relaxed), std::chrono::duration<double>(lag).count(),
          pipes_on_loan_.load(std::memory_order_relaxed)};
}

void Worker::join() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace weir
