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
///
/// The last numbers below the limit are left to those who ask nobody: to the admin endpoint, which is needed most when
/// connections have used up all others, to checks and to lookups. A new descriptor has the lowest free number
/// (open(2)), so whoever gets one of these numbers knows that all others are in use.
class SpareDescriptor {
 public:
  SpareDescriptor();

  enum class Refusal { refused, none_waiting, no_descriptor };

  /// Accepts one connection in the spare's place and resets it; `peer` is whose it was.
  Refusal refuse_one(int listening, Endpoint& peer);

  /// Whether a socket that was just gained may be kept. Where not, it was reset, to restore the spare or because its
  /// number is left to others. Costs two loads while there are descriptors.
  bool keep(Descriptor& gained);

  /// Whether connections may not have a descriptor of this number.
  bool is_left_to_others(int number);

 private:
  void take();

  std::mutex mutex_;
  std::atomic<bool> missing_{false};
  std::atomic<int> first_left_;
  Descriptor spare_;
};

}  // namespace weir::io
