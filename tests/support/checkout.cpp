#include "tests/support/checkout.hpp"

namespace weir::test {

std::filesystem::path source_folder() { return WEIR_SOURCE_DIR; }

std::string built_program(const std::string& name) { return WEIR_BINARY_DIR "/" + name; }

}  // namespace weir::test
