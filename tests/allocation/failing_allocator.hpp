#pragma once

#include <cstddef>

/// What stands in for malloc(3) in this program: it counts, and fails when it is told to. Asio's coroutine frames come
/// from aligned_alloc(3), past operator new. Sanitizers have their own malloc(3); nothing is counted with them.
namespace weir::test {

/// Allocations of the calling thread so far.
std::size_t allocations();

/// Makes one allocation of the calling thread fail, the `nth` from now, 1 being the next; 0 takes it back. Returns
/// whether the one that was to fail before has failed.
bool fail_allocation(std::size_t nth);

}  // namespace weir::test
