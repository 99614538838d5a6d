#include "manuals/roff.hpp"

#include <gmock/gmock.h>

namespace weir::manuals {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string text(std::string_view prose, std::set<std::string> placeholders = {}) {
  Roff out(std::move(placeholders));
  out.text(prose);
  return out.source();
}

std::string syntax(std::string_view line) {
  Roff out;
  out.syntax(line);
  return out.source();
}

TEST(Roff, EveryCharacterMeansItself) {
  EXPECT_EQ(roff_escape(R"(a\n-'b'"`^~)"), R"(a\en\-\(aqb\(aq\(dq\(ga\(ha\(ti)");
  EXPECT_EQ(roff_escape("URL…"), "URL\\[u2026]");
  EXPECT_EQ(roff_escape("é€😀"), "\\[u00E9]\\[u20AC]\\[u1F600]");
}

TEST(Roff, NoLineOfTextIsARequest) {
  EXPECT_EQ(text("...so it goes"), "\\&...so it goes\n");
  Roff out;
  out.verbatim({".TH", "'so"});
  EXPECT_THAT(out.source(), HasSubstr("\n\\&.TH\n\\(aqso\n"));
}

TEST(Roff, ProseSetsOptionsAndPlaceholdersApart) {
  EXPECT_EQ(text("Needs --rate (or -n), and FILE, not FILES.", {"FILE"}),
            "Needs \\fB\\-\\-rate\\fR (or \\fB\\-n\\fR), and \\fIFILE\\fR, not FILES.\n");
  EXPECT_EQ(text("Run `weir reload now`, or not."), "Run \\fBweir reload now\\fR, or not.\n");
  EXPECT_EQ(text("a - b"), "a \\- b\n");
}

TEST(Roff, SentencesBeginLines) {
  EXPECT_EQ(text("One. Two? Three"), "One.\nTwo?\nThree\n");
  EXPECT_EQ(text("from http://... on"), "from http://... on\n");
}

TEST(Roff, SyntaxSetsWordsAndValuesApart) {
  EXPECT_EQ(syntax("[--set path.to.key=value]..."), "[\\fB\\-\\-set\\fR \\fIpath.to.key=value\\fR]...\n");
  EXPECT_EQ(syntax("--expect same|upper"), "\\fB\\-\\-expect\\fR \\fBsame\\fR|\\fBupper\\fR\n");
  EXPECT_EQ(syntax("drain-backend UPSTREAM"), "\\fBdrain\\-backend\\fR \\fIUPSTREAM\\fR\n");
}

TEST(Roff, ATermIsOneLine) {
  Roff out;
  out.term("--sort " + std::string(100, 'a'));
  EXPECT_EQ(out.source(), "\\fB\\-\\-sort\\fR \\fB" + std::string(100, 'a') + "\\fR\n");
}

TEST(Roff, AMacrosArgumentMayHaveBlanksAndQuotes) {
  Roff out;
  out.macro("SS", {"the \"load\""});
  out.macro("TP", {"4"});
  out.macro("PP");
  EXPECT_EQ(out.source(), ".SS \"the \\(dqload\\(dq\"\n.TP 4\n.PP\n");
}

TEST(Roff, ACommandIsFoldedBetweenArgumentsAndNeverInQuotes) {
  EXPECT_THAT(fold_command("weir run", 10), ElementsAre("weir run"));
  EXPECT_THAT(fold_command("load echo -c 8 --message 'a b c' --expect upper localhost", 30),
              ElementsAre("load echo -c 8 \\", "    --message 'a b c' \\", "    --expect upper localhost"));
  const auto lines =
      fold_command("weir-load echo -c 8 -n 10k --message '{thread} say hello {n}' --expect upper x:7001", 44);
  EXPECT_THAT(lines, Each(SizeIs(::testing::Le(44u))));
}

TEST(Roff, WhatIsSaidBesideACommandBecomesAComment) {
  Roff out;
  out.commands({"weir connections --sort kept          who does not read?"});
  EXPECT_THAT(out.source(), HasSubstr("\n# who does not read?\nweir connections \\-\\-sort kept\n"));
}

}  // namespace
}  // namespace weir::manuals
