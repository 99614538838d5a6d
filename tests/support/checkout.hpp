#pragma once

#include <filesystem>
#include <string>

/// Where the tests find the sources and programs that they test.
namespace weir::test {

/// The root of the sources.
std::filesystem::path source_folder();

/// The path of a program of this build, `weir` or `weir-load`, or of the one in the folder that WEIR_TEST_PROGRAMS
/// names.
std::string built_program(const std::string& name);

}  // namespace weir::test
