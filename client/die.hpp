#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace weir::load {

/// What a coroutine is spawned with that does not throw: what comes here is a defect or the end of memory.
inline void die(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-load: internal error: %s\n", error.what());
  }
  std::abort();
}

}  // namespace weir::load
