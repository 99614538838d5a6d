#include "server/worker/worker.hpp"

#include <pthread.h>

#include <exception>
#include <new>
#include <utility>

#include "server/worker/placement.hpp"

namespace weir {

namespace {

[[noreturn]] void die(const std::exception_ptr& failure) { std::rethrow_exception(failure); }

}  // namespace

Worker::Worker(std::size_t index, std::deque<Listener>& listeners, const Shared& shared, std::size_t pipes)
    : index_(index), listeners_(listeners), shared_(shared), pipes_(pipes, shared_.spare) {
  for (Listener& listener : listeners_) {
    sessions_.push_back(SessionContext{loop_, listener.config, listener.service, listener.gate, shared_.admission,
                                       shared_.access_log.queue(index), ends_.emplace_back(), shared_.spare,
                                       shared_.refusals, pipes_, shared_.splice});
  }
}

void Worker::start(std::deque<Worker>& peers) {
  // Posted before the control thread can tell the acceptors to stop, so that it finds them.
  loop_.post([this, &peers] { accept(peers); });
  thread_ = std::thread([this] { loop_.run(); });
  ::pthread_setname_np(thread_.native_handle(), ("weir-w" + std::to_string(index_)).c_str());
}

void Worker::accept(std::deque<Worker>& peers) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    for (const ListeningSocket& socket : listeners_[i].sockets) {
      if (socket.shared() && index_ != 0) continue;
      accept_from(sessions_[i], socket.descriptor(index_),
                  [this, arrival = Arrival{i, socket.port_offset()}, &peers](io::StreamSocket accepted,
                                                                             const ClientAddress& client) {
                    place(peers, arrival, std::move(accepted), client);
                  });
    }
  }
}

void Worker::accept_from(SessionContext& session, int listening, Deliver deliver) {
  acceptors_.push_back({session, std::move(deliver)});
  ++accepting_;
  net::asio::co_spawn(loop_.executor(), run_acceptor(acceptors_.back(), listening), [this](std::exception_ptr failure) {
    if (failure) die(failure);
    --accepting_;
    report_acceptors();
  });
}

void Worker::place(std::deque<Worker>& peers, Arrival arrival, io::StreamSocket socket, const ClientAddress& client) {
  const std::size_t chosen = choose_worker(
      index_, peers.size(), [&peers](std::size_t i) { return peers[i].load_.load(std::memory_order_relaxed); });
  Worker& worker = peers[chosen];
  worker.load_.fetch_add(1, std::memory_order_relaxed);
  if (&worker == this) return serve(arrival, std::move(socket), client);
  try {
    worker.loop_.post([&worker, arrival, socket = std::move(socket), client]() mutable {
      worker.serve(arrival, std::move(socket), client);
    });
  } catch (const std::bad_alloc&) {
    worker.load_.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

void Worker::serve(Arrival arrival, io::StreamSocket socket, const ClientAddress& client) {
  SessionContext& context = sessions_[arrival.listener];
  try {
    io::SlotPtr slot = loop_.acquire(static_cast<std::uint8_t>(SlotKind::session));
    loop_.spawn(run_session(context, std::move(slot), socket, client, arrival.port_offset),
                [this](std::exception_ptr failure) {
                  if (failure) die(failure);
                  load_.fetch_sub(1, std::memory_order_relaxed);
                });
  } catch (const std::bad_alloc&) {
    load_.fetch_sub(1, std::memory_order_relaxed);
    refuse_connection(context, std::move(socket), client, context.admission.next_id(), SessionEnd::refused_resources);
  }
}

void Worker::report_acceptors() {
  if (accepting_ == 0 && when_acceptors_ended_) std::exchange(when_acceptors_ended_, nullptr)();
}

void Worker::cut_sessions() {
  loop_.post([this] {
    loop_.interrupt_all(static_cast<std::uint8_t>(SlotKind::session),
                        static_cast<std::uint8_t>(Interruption::shutdown));
  });
}

void Worker::join() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace weir
