#pragma once

#include <cstddef>
#include <vector>

#include "common/tls/openssl.hpp"

namespace weir::tls {

/// Gives each of so many workers a library context of OpenSSL's of its own (OSSL_LIB_CTX(3)): OpenSSL 3.0 looks up
/// algorithms, and counts who uses them, under locks and on cache lines that all threads of a context share. They live
/// as long as the process. Does nothing where it was done before. Throws std::runtime_error. Any thread.
void open_libraries(std::size_t workers);

/// One for each worker, or null alone, which is OpenSSL's own, where none were opened. Any thread.
std::vector<OSSL_LIB_CTX*> libraries();

}  // namespace weir::tls
