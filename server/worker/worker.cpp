#include "server/worker/worker.hpp"

#include <pthread.h>

#include <exception>

namespace weir {

namespace {

[[noreturn]] void die(std::exception_ptr failure) { std::rethrow_exception(failure); }

}  // namespace

Worker::Worker(std::size_t index, std::deque<Listener>& listeners, const Shared& shared)
    : index_(index), listeners_(listeners), shared_(shared) {
  for (Listener& listener : listeners_) {
    sessions_.push_back(SessionContext{loop_, listener.config, listener.service, shared_.admission,
                                       shared_.access_log.queue(index), shared_.spare, shared_.refusals});
  }
}

void Worker::start(std::deque<Worker>& peers) {
  // Posted before anything else can be, so that whoever tells the acceptors to stop finds them.
  loop_.post([this, &peers] { accept(peers); });
  thread_ = std::thread([this] { loop_.run(); });
  ::pthread_setname_np(thread_.native_handle(), ("weir-w" + std::to_string(index_)).c_str());
}

void Worker::accept(std::deque<Worker>& peers) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    for (const ListeningSocket& socket : listeners_[i].sockets) {
      if (!socket.shared()) {
        accept_from(
            sessions_[i], socket.descriptor(index_),
            [this, i](io::Descriptor accepted, const ClientAddress& client) { serve(i, std::move(accepted), client); });
      } else if (index_ == 0) {
        accept_from(sessions_[i], socket.descriptor(index_),
                    [this, i, &peers](io::Descriptor accepted, const ClientAddress& client) {
                      Worker& peer = peers[next_peer_++ % peers.size()];
                      if (&peer == this) return serve(i, std::move(accepted), client);
                      peer.loop_.post([&peer, i, socket = std::move(accepted), client]() mutable {
                        peer.serve(i, std::move(socket), client);
                      });
                    });
      }
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

void Worker::serve(std::size_t listener, io::Descriptor socket, const ClientAddress& client) {
  SessionContext& context = sessions_[listener];
  try {
    loop_.spawn(run_session(context, std::move(socket), client), die);
  } catch (const std::bad_alloc&) {
    refuse_connection(context, {}, client, context.admission.next_id(), SessionEnd::refused_resources);
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
