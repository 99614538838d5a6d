#pragma once

#include <memory>

namespace weir {

class Backend;

/// Gives a connection's place on a backend back.
struct LeaseRelease {
  void operator()(Backend* backend) const;
};

/// A connection's place on a backend: it counts as one of the backend's as long as this lives. Any thread.
using Lease = std::unique_ptr<Backend, LeaseRelease>;

}  // namespace weir
