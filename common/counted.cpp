#include "common/counted.hpp"

namespace weir {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string counted(std::uint64_t number, std::string_view thing) {
  return grouped(number).append(" ").append(thing).append(number == 1 ? "" : "s");
}

}  // namespace weir
