#pragma once

#include "common/io/event_loop.hpp"
#include "server/upstream/cut_watches.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {

/// Has a session woken when its backend went down and the backend's connections are to be cut (`on_down: reset`):
/// Backend::cuts() then has another value. Lives as long as the session's lease; on the slot's thread.
class CutWatch : private CutWatchEntry {
 public:
  CutWatch(Backend& backend, const io::Slot& watched);
  CutWatch(const CutWatch&) = delete;
  CutWatch& operator=(const CutWatch&) = delete;
  ~CutWatch();

 private:
  Backend& backend_;
};

}  // namespace weir
