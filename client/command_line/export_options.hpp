#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "client/export_files.hpp"
#include "common/address.hpp"

namespace weir::load {

/// Adds --csv and --hgrm. `files` must outlive the parsing.
void add_exports(CLI::App& app, ExportFiles& files);

/// Adds --prometheus, likewise.
void add_prometheus(CLI::App& app, std::optional<Address>& bind);

/// An option, and the file that was given with it.
struct NamedFile {
  const char* option;
  const std::string& file;
};

/// Throws std::invalid_argument where two of them are stdout or the same file: one would spoil the other.
void check_outputs(const std::vector<NamedFile>& files);

}  // namespace weir::load
