#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

/// A library, and the version that the program was built with.
struct Library {
  std::string_view name;
  std::string_view version;
};

/// What `--version --verbose` says after the version: what a program was built from and with. It holds neither a time
/// nor a path, so that two builds of the same are the same.
///
/// `commit`: of the sources, empty where nobody knows it. `libraries`: those that the program has, by name; the
/// versions are known here.
std::string build_info(std::string_view commit, std::span<const std::string_view> libraries);

/// The same with what is known of the build.
std::string build_info(std::string_view commit, std::span<const Library> libraries, std::string_view build_type);

/// The compiler with its version, "g++ 12.2.0".
std::string compiler();

/// What the compiler was told that can be told at run time, as "assertions off".
std::string features();

/// The commit of the sources, with "+changes" where they differ from it; empty outside of Git. It is in a library of
/// its own, which is made anew with each commit.
std::string_view source_commit();

}  // namespace weir
