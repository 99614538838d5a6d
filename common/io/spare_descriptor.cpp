#include "common/io/spare_descriptor.hpp"

#include <fcntl.h>

#include <cerrno>

#include "common/io/stream_socket.hpp"

namespace weir::io {

SpareDescriptor::SpareDescriptor() { take(); }

SpareDescriptor::Refusal SpareDescriptor::refuse_one(int listening, Endpoint& peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  missing_.store(true);  // before the descriptor is free, so that whoever gets it knows
  spare_.close();
  socklen_t length = Endpoint::capacity();
  Descriptor refused(::accept4(listening, peer.data(), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const Refusal result = refused ? Refusal::refused : errno == EAGAIN ? Refusal::none_waiting : Refusal::no_descriptor;
  if (refused) {
    peer.resize(length);
    set_reset_on_close(refused.get());
    refused.close();
  }
  take();
  return result;
}

bool SpareDescriptor::keep(Descriptor& gained) {
  if (!missing_.load()) return true;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spare_) return true;
  set_reset_on_close(gained.get());
  gained.close();
  take();
  return false;
}

void SpareDescriptor::take() {
  spare_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  missing_.store(!spare_);
}

}  // namespace weir::io
