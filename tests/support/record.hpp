#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir::test {

/// The keys of a connection's record in the contract's order.
const std::vector<std::string>& record_keys();

/// One connection's record, read from the JSON access log.
class Record {
 public:
  explicit Record(const std::string& line);

  std::string end() const { return text("end"); }
  std::string listener() const { return text("listener"); }
  std::string client() const { return text("client"); }
  std::int64_t bytes_in() const { return number("bytes_in"); }
  std::int64_t bytes_out() const { return number("bytes_out"); }
  std::int64_t bytes_lost() const { return number("bytes_lost"); }
  std::int64_t attempts() const { return number("attempts"); }

  /// Strings as they are, anything else as JSON writes it (`null`, `12`).
  std::string text(const std::string& key) const;
  std::int64_t number(const std::string& key) const;
  bool is_null(const std::string& key) const;

  const boost::json::object& json() const { return json_; }
  const std::string& line() const { return line_; }

 private:
  std::string line_;
  boost::json::object json_;
};

using RecordPredicate = std::function<bool(const Record&)>;

/// The predicates that most tests wait with.
RecordPredicate any_record();
RecordPredicate ended_as(std::string end);
RecordPredicate of_client(std::string address);

}  // namespace weir::test
