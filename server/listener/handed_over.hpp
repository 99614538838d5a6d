#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir {

/// A listening socket that a service manager has bound and keeps: it outlives this process, with whoever is queued on
/// it.
struct HandedOverSocket {
  std::string name;
  io::Descriptor descriptor;
};

/// The sockets that were handed over at the start. They stay open while a copy of this is there, so a listener that a
/// reload removes and another one brings back finds its socket again. A value. Any thread.
class HandedOverSockets {
 public:
  HandedOverSockets() = default;
  explicit HandedOverSockets(std::vector<HandedOverSocket> sockets);

  /// All with that name, at least one. Throws std::runtime_error that says what was handed over instead, or which of
  /// them cannot be accepted from.
  std::vector<std::shared_ptr<const HandedOverSocket>> named(const std::string& name) const;

  const std::vector<std::shared_ptr<const HandedOverSocket>>& all() const { return sockets_; }
  /// Their names, each once, in the order in which they came.
  std::vector<std::string> names() const;

 private:
  std::vector<std::shared_ptr<const HandedOverSocket>> sockets_;
};

}  // namespace weir
