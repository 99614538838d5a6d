#pragma once

#include <mutex>
#include <optional>

#include "common/endpoint.hpp"
#include "common/io/descriptor.hpp"

namespace weir {

/// The descriptor that is kept back so that a connection can be refused when there is none left: without it, accept(2)
/// fails with EMFILE for ever while the client waits. One for the whole process, because whatever one worker frees
/// another one may take. Any thread.
class SpareDescriptor {
 public:
  SpareDescriptor();

  /// Accepts one connection in the spare's place and resets it. Nothing when there was none to accept, or another
  /// thread was quicker to the descriptor.
  std::optional<Endpoint> refuse_one(int listening);

 private:
  void take();

  std::mutex mutex_;
  io::Descriptor spare_;
};

}  // namespace weir
