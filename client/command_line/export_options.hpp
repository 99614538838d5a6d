#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/export_files.hpp"
#include "common/address.hpp"

namespace weir::load {

/// Adds an option that names a file which is written, `-` for stdout; a name that is none is refused.
void add_output(CLI::App& app, const char* option, std::function<void(const std::string&)> store);

/// Adds --csv and --hgrm. `files` must outlive the parsing.
void add_exports(CLI::App& app, ExportFiles& files);

/// Adds --prometheus, likewise.
void add_prometheus(CLI::App& app, std::optional<Address>& bind);

/// An option, and the file that was given with it.
struct NamedFile {
  const char* option;
  const std::string& file;
};

/// Throws std::invalid_argument where two of them are stdout or the same file, for one would spoil the other; or where
/// one of them is a file that is read as well, which would be replaced.
void check_outputs(const std::vector<NamedFile>& files, const std::vector<std::string>& inputs = {});

}  // namespace weir::load
