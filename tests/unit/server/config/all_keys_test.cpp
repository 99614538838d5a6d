#include "server/config/all_keys.hpp"

#include <gmock/gmock.h>

#include <sstream>
#include <string>

#include "tests/unit/server/config/key_list.hpp"

namespace weir {
namespace {

using ::testing::Contains;

TEST(AllKeys, HasEveryNameOfEveryKey) {
  for (const test::KeyInfo& key : test::KeyList::all()) {
    std::istringstream path(key.path);
    for (std::string name; std::getline(path, name, '.');) {
      if (name == "N") continue;  // an index
      EXPECT_THAT(all_keys(), Contains(name)) << key.path;
    }
  }
}

}  // namespace
}  // namespace weir
