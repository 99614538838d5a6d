#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "client/export_files.hpp"

namespace weir::load {

/// Adds --csv and --hgrm. `files` must outlive the parsing.
void add_exports(CLI::App& app, ExportFiles& files);

/// An option, and the file that was given with it.
struct NamedFile {
  const char* option;
  const std::string& file;
};

/// Throws std::invalid_argument where two of them are stdout or the same file: one would spoil the other.
void check_outputs(const std::vector<NamedFile>& files);

}  // namespace weir::load
