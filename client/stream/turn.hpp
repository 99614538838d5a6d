#pragma once

#include <chrono>
#include <cstddef>

namespace weir::load {

/// How much one stream may move before the others of its thread get their turn.
inline constexpr std::size_t kReads = 8;
inline constexpr std::size_t kWrites = 4;
inline constexpr std::size_t kWriteSize = std::size_t{128} * 1024;
/// How long the bytes that follow a wrong one are waited for, to tell what happened.
inline constexpr std::chrono::milliseconds kInquiry{200};

}  // namespace weir::load
