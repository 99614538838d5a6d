#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "client/report/load_result.hpp"

namespace weir::load {

/// Reports of weir-load that were written to files, to be shown: load reports, and at most one comparison and one
/// capacity.
class ReportFiles {
 public:
  /// Throws std::runtime_error that names the file which can't be read, is no such report or is one too many.
  explicit ReportFiles(const std::vector<std::string>& files);

  /// What their page is made from (html_report.hpp). Load reports go into it as they are but for thin_intervals(),
  /// older ones too. `command` is the command line that asks for it. Throws std::runtime_error that names a report
  /// whose intervals are damaged.
  boost::json::object document(const std::vector<std::string>& command) const;

  /// What a terminal shows: the text report of each load report, and of the others what they printed. Throws
  /// std::runtime_error that names a load report from which a text cannot be made.
  std::string text() const;

  /// One row for each load report, under the name of its file without folder and `.json`; below, what the others
  /// printed. Throws likewise.
  std::string table() const;

 private:
  struct File {
    std::string name;
    boost::json::object report;
    std::string intervals;  ///< their text, where the report has them (ReportParts)
  };

  static LoadResult read(const File& file);
  /// What a page shows of it.
  static boost::json::object shown(const File& file);
  /// Of the comparison and the capacity.
  std::string text_of_others() const;
  void take(File file);

  std::vector<File> reports_;
  File comparison_;
  File capacity_;
};

}  // namespace weir::load
