#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::load {

/// A report's text without the items of its `intervals`. Those of a long run are nearly all of it, and as JSON values
/// they take ten times the room of their text.
struct ReportParts {
  boost::json::object rest;    ///< its `intervals` are empty where they stand below
  std::string_view intervals;  ///< the array in the text, with its brackets; empty where the report has no such array
};

/// Nothing where the text is no JSON object. The items are not looked at.
std::optional<ReportParts> take_apart(std::string_view report);

/// Takes the items of an array's text one after another. The text must outlive it.
class ArrayItems {
 public:
  /// `array` begins with its bracket.
  explicit ArrayItems(std::string_view array) : left_(array.substr(1)) {}

  /// False after the last one. Throws std::runtime_error where they are no JSON.
  bool next(boost::json::value& item);

 private:
  void skip_blanks();
  bool take(char c);

  std::string_view left_;
  bool first_ = true;
};

/// How many items an array's text has, by its commas and brackets alone.
std::size_t count_items(std::string_view array);

}  // namespace weir::load
