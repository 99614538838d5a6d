#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::toxiproxy {

/// The JSON value that a request's body begins with. Throws Problem.
boost::json::value parse_body(const std::string& body);

/// An object of a body as Toxiproxy reads it: keys in any case, of which the last one counts; null and unknown keys say
/// nothing.
class JsonFields {
 public:
  /// Throws Problem unless the value is an object.
  explicit JsonFields(const boost::json::value& value);

  /// Null where nothing is said.
  const boost::json::value* find(std::string_view key) const;
  /// Each leaves `to` as it is where nothing is said, and throws Problem where it is something else.
  void read(std::string_view key, std::string& to) const;
  void read(std::string_view key, bool& to) const;
  void read(std::string_view key, double& to) const;
  void read(std::string_view key, std::int64_t& to) const;

 private:
  const boost::json::object& object_;
};

}  // namespace weir::toxiproxy
