#include "tests/allocation/failing_allocator.hpp"

#include <cerrno>
#include <utility>

#include "tests/support/wait_until.hpp"  // WEIR_SANITIZED

namespace {

thread_local std::size_t counted = 0;
thread_local std::size_t failing = 0;  ///< the allocation that fails, counted from now; 0 = none

}  // namespace

namespace weir::test {

std::size_t allocations() { return counted; }

bool fail_allocation(std::size_t nth) { return std::exchange(failing, nth) == 0; }

}  // namespace weir::test

#if !defined(WEIR_SANITIZED) && !defined(__SANITIZE_THREAD__)
namespace {

bool admits() {
  ++counted;
  if (failing == 0 || --failing > 0) return true;
  errno = ENOMEM;
  return false;
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) { return admits() ? __libc_malloc(size) : nullptr; }
void* calloc(std::size_t count, std::size_t size) { return admits() ? __libc_calloc(count, size) : nullptr; }
void* realloc(void* memory, std::size_t size) { return admits() ? __libc_realloc(memory, size) : nullptr; }
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return admits() ? __libc_memalign(alignment, size) : nullptr;
}
}
#endif
