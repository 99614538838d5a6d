#include "server/listener/spare_descriptor.hpp"

#include <fcntl.h>

#include "common/io/stream.hpp"

namespace weir {

SpareDescriptor::SpareDescriptor() { take(); }

std::optional<Endpoint> SpareDescriptor::refuse_one(int listening) {
  const std::lock_guard<std::mutex> lock(mutex_);
  spare_.close();
  Endpoint peer;
  socklen_t length = Endpoint::capacity();
  io::Descriptor refused(::accept4(listening, peer.data(), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const bool any = static_cast<bool>(refused);
  if (any) {
    peer.resize(length);
    io::set_reset_on_close(refused.get());
    refused.close();
  }
  take();
  if (!any) return std::nullopt;
  return peer;
}

void SpareDescriptor::take() { spare_ = io::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace weir
