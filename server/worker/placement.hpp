#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

/// Which of `workers` serves a connection that worker `own` accepted: `own`, unless another has clearly less to do. The
/// kernel spreads connections by a hash, so one worker may get nearly all of a few long-lived ones. Handing one over
/// costs a wake-up of the other thread, which is not worth it for small differences.
///
/// `load(i)` is how many connections worker i has. Policy only.
template <typename Load>
std::size_t choose_worker(std::size_t own, std::size_t workers, Load&& load) {
  std::size_t least = own;
  std::uint32_t least_load = load(own);
  const std::uint32_t own_load = least_load;
  for (std::size_t i = 0; i < workers && least_load > 0; ++i) {
    if (const std::uint32_t other = load(i); other < least_load) {
      least = i;
      least_load = other;
    }
  }
  const std::uint32_t slack = 1 + least_load / 8;
  return own_load > least_load + slack ? least : own;
}

}  // namespace weir
