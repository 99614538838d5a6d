#pragma once

#include <boost/intrusive/list.hpp>

#include "common/io/event_loop.hpp"

namespace weir {

class Backend;

struct CutWatchTag;
using CutWatchHook = boost::intrusive::list_base_hook<boost::intrusive::tag<CutWatchTag>>;

/// Has a session woken when its backend went down and the backend's connections are to be cut (`on_down: reset`):
/// Backend::cuts() then has another value. Lives as long as the session's lease; on the slot's thread.
class CutWatch : public CutWatchHook {
 public:
  CutWatch(Backend& backend, const io::Slot& slot);
  CutWatch(const CutWatch&) = delete;
  CutWatch& operator=(const CutWatch&) = delete;
  ~CutWatch();

  io::EventLoop& loop() const { return loop_; }
  io::Slot::Id slot() const { return slot_; }

 private:
  Backend& backend_;
  io::EventLoop& loop_;
  const io::Slot::Id slot_;
};

/// The watches of one backend.
using CutWatches = boost::intrusive::list<CutWatch, boost::intrusive::base_hook<CutWatchHook>,
                                          boost::intrusive::constant_time_size<false>>;

}  // namespace weir
