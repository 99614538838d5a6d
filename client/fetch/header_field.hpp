#pragma once

#include <string>
#include <string_view>

namespace weir::load {

/// A header field of a request.
struct HeaderField {
  std::string name;
  std::string value;
};

/// A field as the command line has it: `Name: value`. Throws std::invalid_argument for what is no field (RFC 9110, 5.1
/// and 5.5) and for those that would change how the exchange is framed.
HeaderField parse_header_field(std::string_view text);

}  // namespace weir::load
