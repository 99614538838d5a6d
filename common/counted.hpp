#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// `1234567` as `1,234,567`.
std::string grouped(std::uint64_t number);
/// `1 listener`, `1,200 listeners`: for things whose plural has an s.
std::string counted(std::uint64_t number, std::string_view thing);

}  // namespace weir
