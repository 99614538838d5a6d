#include "server/toxiproxy/fitting_name.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "common/name_form.hpp"

namespace weir::toxiproxy {
namespace {

TEST(FittingName, IsTheTextItselfWhereThatIsAName) {
  for (const char* name : {"db", "latency_downstream", "get-all-test", "v1.2", "_x"}) {
    EXPECT_EQ(fitting_name(name), name);
  }
}

TEST(FittingName, IsANameWhateverTheTextIs) {
  const std::set<std::string> texts{"",     "my proxy",           "my/proxy",          "4711", ".hidden", "-", "тест",
                                    "a\nb", std::string(65, 'a'), std::string(66, 'a')};
  std::set<std::string> names;
  for (const std::string& text : texts) {
    const std::string name = fitting_name(text);
    EXPECT_EQ(problem_of_name(name), "") << text;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), texts.size()) << "each has another one";
}

}  // namespace
}  // namespace weir::toxiproxy
