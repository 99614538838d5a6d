#include "common/io/spare_descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "common/io/stream_socket.hpp"

namespace weir::io {

namespace {

/// Of a small limit it is an eighth.
constexpr rlim_t kLeftToOthers = 8;

/// The lowest number that is left to others.
int first_left_to_others() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<int>::max();
  const rlim_t left = std::min(kLeftToOthers, limit.rlim_cur / 8);
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur - left, std::numeric_limits<int>::max()));
}

}  // namespace

SpareDescriptor::SpareDescriptor() : first_left_(first_left_to_others()) { take(); }

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

bool SpareDescriptor::is_left_to_others(int number) {
  if (number < first_left_.load(std::memory_order_relaxed)) return false;
  const int first = first_left_to_others();  // the limit may have been raised since (prlimit(1))
  first_left_.store(first, std::memory_order_relaxed);
  return number >= first;
}

bool SpareDescriptor::keep(Descriptor& gained) {
  if (is_left_to_others(gained.get())) {
    set_reset_on_close(gained.get());
    gained.close();
    return false;
  }
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
