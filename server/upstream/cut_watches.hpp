#pragma once

#include <boost/intrusive/list.hpp>

#include "common/io/event_loop.hpp"

namespace weir {

/// Whom to wake when a backend goes down and its connections are to be cut. Linked under the upstream's mutex.
struct CutWatchEntry : boost::intrusive::list_base_hook<> {
  io::EventLoop& loop;
  const io::Slot::Id slot;

  explicit CutWatchEntry(const io::Slot& watched) : loop(watched.loop()), slot(watched.id()) {}
};

/// Those of one backend.
using CutWatches = boost::intrusive::list<CutWatchEntry, boost::intrusive::constant_time_size<false>>;

}  // namespace weir
