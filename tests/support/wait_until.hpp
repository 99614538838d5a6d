#pragma once

#include <poll.h>

#include <chrono>
#include <concepts>
#include <cstdlib>

namespace weir::test {

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEIR_SANITIZED 1
#endif
#endif

/// Whether the programs were built with a sanitizer, whose shadow memory hides how much the daemon itself uses: those
/// of this build, or the others that WEIR_TEST_PROGRAMS names.
#if defined(WEIR_SANITIZED) || defined(__SANITIZE_THREAD__)
inline const bool kSanitized = true;
#else
inline const bool kSanitized = std::getenv("WEIR_TEST_PROGRAMS") != nullptr;
#endif

/// How long anything may take before it counts as a hang. Never a duration that a test waits for.
inline const std::chrono::seconds kHang{kSanitized ? 60 : 20};

/// Checks the condition again and again until it holds. False if it does not hold within the time limit.
bool wait_until(std::predicate auto&& condition, std::chrono::milliseconds bound = kHang) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace weir::test
