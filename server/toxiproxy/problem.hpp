#pragma once

#include <stdexcept>
#include <string>

namespace weir::toxiproxy {

/// Why a request comes to nothing: the status and the text of the answer. The texts are Toxiproxy's where its clients
/// may know them.
struct Problem : std::runtime_error {
  Problem(unsigned code, const std::string& text) : std::runtime_error(text), status(code) {}

  unsigned status;
};

inline Problem bad_body(const std::string& why) { return {400, "bad request body: " + why}; }
inline Problem missing_field(const std::string& field) { return {400, "missing required field: " + field}; }
inline Problem proxy_not_found() { return {404, "proxy not found"}; }
inline Problem proxy_already_exists() { return {409, "proxy already exists"}; }
inline Problem toxic_not_found() { return {404, "toxic not found"}; }
inline Problem toxic_already_exists() { return {409, "toxic already exists"}; }

}  // namespace weir::toxiproxy
