#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace weir::load {

/// What a file holds, or stdin for `-`. Throws std::runtime_error that names it.
std::string read_file(const std::string& file);

/// What errors call a file that is read.
std::string name_of_input(const std::string& file);

/// The JSON object that a file holds. Throws std::runtime_error that names the file.
boost::json::object read_json_object(const std::string& file);

}  // namespace weir::load
