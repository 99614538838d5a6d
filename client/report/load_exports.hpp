#pragma once

#include <string>
#include <vector>

#include "client/export_files.hpp"
#include "client/report/load_result.hpp"
#include "client/report/output_file.hpp"

namespace weir::load {

/// The files that a load's result is exported to, opened before the load.
class LoadExports {
 public:
  /// Throws std::runtime_error that names the file that can't be written.
  explicit LoadExports(const ExportFiles& files) : csv_(files.csv), hgrm_(files.hgrm) {}

  bool take_stdout() const { return csv_.is_stdout() || hgrm_.is_stdout(); }
  /// Writes them all. Returns a sentence for each that could not be written.
  std::vector<std::string> write(const LoadResult& result);

 private:
  OutputFile csv_;
  OutputFile hgrm_;
};

}  // namespace weir::load
