#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>

#include "client/report/load_exports.hpp"
#include "client/report/load_result.hpp"
#include "client/report/output_file.hpp"

namespace weir::load {

/// Where what was found goes: the text for people to stdout, or to stderr where a file is stdout; JSON, a page and
/// exports to their files. Those are opened before the work begins.
class Outputs {
 public:
  /// Empty names are no files. Throws std::runtime_error that names the one that can't be written.
  explicit Outputs(const std::string& json, const std::string& html = {}, const ExportFiles& exports = {})
      : json_(json), html_(html), exports_(exports) {}

  /// Shows a report and what people read of it. Returns the exit status: `found`, or 1 where that is 0 and something
  /// could not be written, which is told on stderr.
  int show(const std::string& text, const boost::json::object& report, int found);
  /// The same of a load, with its exports.
  int show(const LoadResult& result);

 private:
  int show(const std::string& text, int found, const std::function<std::string()>& as_text,
           const std::function<boost::json::object()>& as_object);

  OutputFile json_;
  OutputFile html_;
  LoadExports exports_;
};

/// Prints the text, as the locale can show it (charset.hpp). Returns 0, or 1 where that failed, which is told on
/// stderr.
int print(const std::string& text, std::FILE* out);

}  // namespace weir::load
