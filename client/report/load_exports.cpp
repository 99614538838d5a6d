#include "client/report/load_exports.hpp"

#include <exception>

#include "client/report/csv.hpp"
#include "client/report/hgrm.hpp"

namespace weir::load {

std::vector<std::string> LoadExports::write(const LoadResult& result) {
  std::vector<std::string> problems;
  const auto attempt = [&problems](OutputFile& file, auto render) {
    if (!file.is_wanted()) return;
    try {
      file.write(render());
    } catch (const std::exception& error) {
      problems.emplace_back(error.what());
    }
  };
  attempt(csv_, [&result] { return csv_report(result); });
  attempt(hgrm_, [&result] { return hgrm_report(result.times()); });
  return problems;
}

}  // namespace weir::load
