#pragma once

#include <atomic>
#include <mutex>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"

namespace weir::io {

/// The descriptor that is kept back so that a connection can be refused when there is none left: without it, accept(2)
/// fails with EMFILE for ever while the client waits. One for the whole process. Any thread.
///
/// While the spare is given up, another thread may get its number for a socket of its own. So each thread that gains a
/// descriptor asks keep(), and the one that took the spare's place gives it back.
class SpareDescriptor {
 public:
  SpareDescriptor();

  enum class Refusal { refused, none_waiting, no_descriptor };

  /// Accepts one connection in the spare's place and resets it; `peer` is whose it was.
  Refusal refuse_one(int listening, Endpoint& peer);

  /// Whether a socket that was just gained may be kept. Where not, it was reset to restore the spare. Costs one
  /// load while there are descriptors.
  bool keep(Descriptor& gained);

 private:
  void take();

  std::mutex mutex_;
  std::atomic<bool> missing_{false};
  Descriptor spare_;
};

}  // namespace weir::io
