#include "server/upstream/cut_watch.hpp"

namespace weir {

CutWatch::CutWatch(Backend& backend, const io::Slot& watched) : CutWatchEntry(watched), backend_(backend) {
  const Upstream::Lock lock(backend_.upstream_.mutex_);
  backend_.watches_.push_back(*this);
}

CutWatch::~CutWatch() {
  const Upstream::Lock lock(backend_.upstream_.mutex_);
  backend_.watches_.erase(CutWatches::s_iterator_to(*this));
}

}  // namespace weir
