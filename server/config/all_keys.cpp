#include "server/config/all_keys.hpp"

#include <set>
#include <sstream>

#include "server/config/key_types.hpp"

namespace weir {

const std::vector<std::string>& all_keys() {
  static const std::vector<std::string> names = [] {
    std::set<std::string> found;
    for (const KeyType& key : key_types()) {
      std::istringstream path(key.path);
      for (std::string name; std::getline(path, name, '.');) {
        if (name != "N") found.insert(name);  // which stands for an index
      }
    }
    return std::vector<std::string>(found.begin(), found.end());
  }();
  return names;
}

}  // namespace weir
