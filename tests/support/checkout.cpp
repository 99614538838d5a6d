#include "tests/support/checkout.hpp"

#include <cstdlib>

namespace weir::test {

std::filesystem::path source_folder() { return WEIR_SOURCE_DIR; }

std::string built_program(const std::string& name) {
  const char* const others = std::getenv("WEIR_TEST_PROGRAMS");
  return std::string(others != nullptr ? others : WEIR_BINARY_DIR) + "/" + name;
}

}  // namespace weir::test
