#pragma once

#include <array>
#include <string>
#include <string_view>

namespace weir::admin {

/// A SHA-256 (FIPS 180-4).
using Digest = std::array<unsigned char, 32>;

/// Throws std::runtime_error where the library refuses.
Digest sha256(std::string_view text);
/// Takes the same time whatever they hold.
bool equal(const Digest& one, const Digest& other);
/// RFC 4648, section 4.
std::string base64(const Digest& digest);

}  // namespace weir::admin
