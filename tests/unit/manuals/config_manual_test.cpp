#include "manuals/config_manual.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace weir::manuals {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFrame = "@VERSION@@VALUES@@KEYS@";

constexpr const char* kReference = R"(# All of it.
#
#   durations   250ms, 5s;
#               a unit is needed

# How many.
workers: auto

# What is said.
log:
  # How much.
  level: info

listeners:
  - name: a
    # Where.
    bind: ["b"]
    log:
      level: info
  - name: b
    # Not again.
    bind: []
    other: 1
)";

TEST(Reference, HasEachKeyOnceWithItsValueAndComment) {
  const Reference reference = read_reference(kReference);
  std::vector<std::string> keys;
  for (const ReferenceKey& key : reference.keys) keys.push_back(key.path + "=" + key.value + "#" + key.text);
  EXPECT_THAT(keys, ElementsAre("workers=auto#How many.", "log=#What is said.", "log.level=info#How much.",
                                "listeners=#", "listeners.N.name=a#", "listeners.N.bind=[\"b\"]#Where.",
                                "listeners.N.log=#", "listeners.N.log.level=info#", "listeners.N.other=1#"));
  EXPECT_THAT(reference.preamble,
              ElementsAre("All of it.", "", "  durations   250ms, 5s;", "              a unit is needed"));
}

TEST(Reference, ACommentOfSeveralLinesIsOneText) {
  const Reference reference = read_reference("# first\n\n# One\n# two.\na: 1\n");
  ASSERT_THAT(reference.keys, ::testing::SizeIs(1));
  EXPECT_EQ(reference.keys[0].text, "One two.");
}

Reference small_reference() {
  return {{"  durations   5s"},
          {{"workers", "auto", "How many."},
           {"log", "", "What is said."},
           {"log.level", "info", "How much."},
           {"lists", "", "Some."},
           {"lists.N.log", "", "Of its own."},
           {"lists.N.log.level", "info", ""},
           {"lists.N.items", "", "More."},
           {"lists.N.items.N.bind", "x", "Where."}}};
}

std::vector<KeyType> small_types() {
  return {{"workers", "auto, or 1 to 9", {"auto"}},
          {"log", "section", {}, true},
          {"log.level", "info or off", {"info", "off"}},
          {"lists", "list", {}, true},
          {"lists.N.log", "section", {}, true},
          {"lists.N.log.level", "info or off", {"info", "off"}},
          {"lists.N.items", "list", {}, true},
          {"lists.N.items.N.bind", "address", {}, false, KeyType::Missing::is_error}};
}

TEST(ConfigManual, EachKeyHasItsTypeDefaultAndText) {
  const std::string manual = config_manual(kFrame, small_reference(), small_types());
  EXPECT_THAT(manual, HasSubstr(".TP\n\\fBworkers\\fR (\\fIauto, or 1 to 9\\fR; default \\fBauto\\fR)\nHow many.\n"));
  EXPECT_THAT(manual,
              HasSubstr(".SS log\nWhat is said.\n.TP\n\\fBlevel\\fR (\\fIinfo or off\\fR; default \\fBinfo\\fR)\n"));
  EXPECT_THAT(manual, HasSubstr(".TP\n\\fBlog\\fR\nOf its own.\n"));
  EXPECT_THAT(manual, HasSubstr("\\fBitems[].bind\\fR (\\fIaddress\\fR; required)\nWhere.\n"));
}

TEST(ConfigManual, AKeyWithoutAWordIsAsAnotherOfItsName) {
  const std::string manual = config_manual(kFrame, small_reference(), small_types());
  EXPECT_THAT(manual, HasSubstr("\nAs \\fBlevel\\fR of \\fBlog\\fR.\n"));
}

TEST(ConfigManual, AKeyOfWhichNothingIsSaidIsAnError) {
  Reference reference = small_reference();
  reference.keys.front().text.clear();
  EXPECT_THROW(config_manual(kFrame, reference, small_types()), std::invalid_argument);
}

TEST(ConfigManual, TheReferenceAndTheTablesHaveTheSameKeys) {
  std::vector<KeyType> types = small_types();
  types.push_back({"more", "number"});
  EXPECT_THROW(config_manual(kFrame, small_reference(), types), std::invalid_argument);
  Reference reference = small_reference();
  reference.keys.push_back({"more", "1", "More."});
  EXPECT_THROW(config_manual(kFrame, reference, small_types()), std::invalid_argument);
}

}  // namespace
}  // namespace weir::manuals
