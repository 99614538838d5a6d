#include "manuals/help_page.hpp"

#include <gmock/gmock.h>

namespace weir::manuals {
namespace {

using Kind = HelpBlock::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HelpPage, UsageHasALineForEachWayToCall) {
  EXPECT_THAT(read_help("usage: weir a [B]\n       weir a --c\n\nText.\n"),
              ElementsAre(HelpBlock{Kind::usage, {"weir a [B]", "weir a --c"}}, HelpBlock{Kind::paragraph, {"Text."}}));
}

TEST(HelpPage, AParagraphIsOneLine) {
  EXPECT_THAT(read_help("One two\nthree.\n\nFour.\n"),
              ElementsAre(HelpBlock{Kind::paragraph, {"One two three."}}, HelpBlock{Kind::paragraph, {"Four."}}));
}

TEST(HelpPage, AnItemGoesOnBelow) {
  EXPECT_THAT(read_help("  -c, --config FILE           the file,\n"
                        "                              if any\n"
                        "  --token-file FILE, ADMIN    see there\n"),
              ElementsAre(HelpBlock{Kind::item, {"the file, if any"}, "-c, --config FILE"},
                          HelpBlock{Kind::item, {"see there"}, "--token-file FILE, ADMIN"}));
}

TEST(HelpPage, ALongTermMayHaveItsTextBelowOrBehindOneBlank) {
  EXPECT_THAT(read_help("      --json FILE         to this\n"
                        "      --reconnect-every N close it\n"
                        "      --direction up|down\n"
                        "                          which way\n"),
              ElementsAre(HelpBlock{Kind::item, {"to this"}, "--json FILE"},
                          HelpBlock{Kind::item, {"close it"}, "--reconnect-every N"},
                          HelpBlock{Kind::item, {"which way"}, "--direction up|down"}));
}

TEST(HelpPage, AListOfOptionsMayHaveSeveralLines) {
  EXPECT_THAT(read_help("  -t, --threads N, -d, --duration TIME,\n"
                        "      --seed N, --drain TIME\n"
                        "                          as for echo\n"),
              ElementsAre(HelpBlock{
                  Kind::item, {"as for echo"}, "-t, --threads N, -d, --duration TIME, --seed N, --drain TIME"}));
}

TEST(HelpPage, AListOfOptionsMayHaveABlankInTheTextsColumn) {
  EXPECT_THAT(read_help("      --json FILE         to this\n"
                        "      --source ADDRESSES, --seed N\n"
                        "                          as for echo\n"),
              ElementsAre(HelpBlock{Kind::item, {"to this"}, "--json FILE"},
                          HelpBlock{Kind::item, {"as for echo"}, "--source ADDRESSES, --seed N"}));
}

TEST(HelpPage, AHeadingStandsRightAboveAnItem) {
  EXPECT_THAT(read_help("the load\n  -n N    many\n\nNo heading\nbut a text.\n"),
              ElementsAre(HelpBlock{Kind::heading, {"the load"}}, HelpBlock{Kind::item, {"many"}, "-n N"},
                          HelpBlock{Kind::paragraph, {"No heading but a text."}}));
}

TEST(HelpPage, OtherIndentedLinesStayAsTheyAre) {
  EXPECT_THAT(read_help("Such as:\n\n  FILE:LINE: wrong\n\n  - goes   + comes\n"),
              ElementsAre(HelpBlock{Kind::paragraph, {"Such as:"}}, HelpBlock{Kind::verbatim, {"FILE:LINE: wrong"}},
                          HelpBlock{Kind::verbatim, {"- goes   + comes"}}));
}

TEST(HelpPage, ExamplesAndExitStatusAreKnownByTheirWords) {
  EXPECT_THAT(
      read_help("examples:\n  weir a   why\n  weir b\n\nexit status: 0 well,\n  1 not\n"),
      ElementsAre(HelpBlock{Kind::examples, {"weir a   why", "weir b"}}, HelpBlock{Kind::exits, {"0 well, 1 not"}}));
  EXPECT_THAT(read_help("A text.\nexit status: 0 well\n"),
              ElementsAre(HelpBlock{Kind::paragraph, {"A text."}}, HelpBlock{Kind::exits, {"0 well"}}));
}

TEST(HelpPage, OptionsOfATermHaveWhatStandsForTheirValues) {
  EXPECT_THAT(options_of("-c, --config FILE, --slow, --close fin|rst"),
              ElementsAre(HelpOption{"-c"}, HelpOption{"--config", "FILE"}, HelpOption{"--slow"},
                          HelpOption{"--close", "fin|rst"}));
  EXPECT_THAT(options_of("--via PROXY --direct TARGET"),
              ElementsAre(HelpOption{"--via", "PROXY"}, HelpOption{"--direct", "TARGET"}));
  EXPECT_THAT(options_of("BIND, - and --"), IsEmpty());
}

TEST(HelpPage, OptionsOfAUsageLineStandInBrackets) {
  EXPECT_THAT(options_of("weir a [[-c] FILE] [--set path.to.key=value]... [--watch | --json] --diff [ADMIN]"),
              ElementsAre(HelpOption{"-c"}, HelpOption{"--set", "path.to.key=value"}, HelpOption{"--watch"},
                          HelpOption{"--json"}, HelpOption{"--diff", "ADMIN"}));
}

TEST(HelpPage, AnOptionHasItsValueFromWhereItIsSaid) {
  const auto page = read_help("usage: weir a [--set key=value] [--json]\n\n  --json    so\n");
  EXPECT_THAT(all_options(page), ElementsAre(HelpOption{"--json"}, HelpOption{"--set", "key=value"}));
}

TEST(HelpPage, WordsStandApartByBars) {
  EXPECT_THAT(words_of("up|down|both"), ElementsAre("up", "down", "both"));
  EXPECT_THAT(words_of("FILE"), IsEmpty());
}

}  // namespace
}  // namespace weir::manuals
