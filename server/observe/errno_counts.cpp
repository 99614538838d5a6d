#include "server/observe/errno_counts.hpp"

#include <cstring>

namespace weir {

void ErrnoCounts::add_to(std::map<std::string, std::uint64_t>& total) const {
  for (const Count& count : counts_) {
    const std::uint64_t times = count.times.load(std::memory_order_acquire);
    if (times == 0) continue;
    const int error = count.error.load(std::memory_order_relaxed);
    const char* name = ::strerrorname_np(error);
    total[name != nullptr ? name : "errno " + std::to_string(error)] += times;
  }
  if (const std::uint64_t others = others_.load(std::memory_order_relaxed); others > 0) total["other"] += others;
}

}  // namespace weir
