#pragma once

#include <cstdint>

namespace weir {

/// Bytes that a connection carried so far.
struct Carried {
  std::uint64_t in = 0;            ///< read from the client
  std::uint64_t out = 0;           ///< written to the client
  std::uint64_t to_backend = 0;    ///< written to the backend
  std::uint64_t from_backend = 0;  ///< read from the backend

  Carried operator-(const Carried& before) const {
    return {in - before.in, out - before.out, to_backend - before.to_backend, from_backend - before.from_backend};
  }
};

}  // namespace weir
