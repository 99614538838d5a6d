#include "manuals/completion.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace weir::manuals {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const CompletedOption& option_of(const CompletedVerb& verb, const std::string& name) {
  for (const CompletedOption& option : verb.options) {
    if (option.names.back() == name) return option;
  }
  throw std::out_of_range(name);
}

ProgramSyntax program() {
  return {
      "some-load",
      "some-load - loads\n\n  echo TARGET     echoes (all of it)\n  report FILE...  reports\n  help [VERB]     helps\n",
      {{"echo",
        "usage: some-load echo [--json FILE] TARGET\n\n"
        "      --expect same|upper what's to come; this (same)\n"
        "      --json FILE         the report; as JSON\n"
        "      --set path.to.key=value\n"
        "                          sets it\n"
        "      --quiet, --loud N, --slow\n"
        "                          as elsewhere\n",
        {{{"--expect"}, true},
         {{"--json"}, true},
         {{"--set"}, true, false, true},
         {{"--quiet"}},
         {{"--loud"}, true},
         {{"--slow"}}},
        {"TARGET"}},
       {"report",
        "usage: some-load report FILE\n\n  -q, --quiet    says nothing. At all\n",
        {{{"-q", "--quiet"}}},
        {"FILE"}},
       {"help", "usage: some-load help [VERB]\n", {}, {"VERB"}}}};
}

std::vector<KeyType> keys() {
  return {{"log", "section", {}, true},
          {"log.level", "info or off", {"info", "off"}},
          {"listeners.N.keepalive", "section, or off", {"off"}, true}};
}

TEST(Completion, KnowsWhatAnOptionsValueIs) {
  const Completion completion = completion_of(program(), keys());
  ASSERT_THAT(completion.verbs, ::testing::SizeIs(3));
  const CompletedVerb& echo = completion.verbs[0];
  EXPECT_EQ(option_of(echo, "--expect").offer, Offer::words);
  EXPECT_THAT(option_of(echo, "--expect").words, ElementsAre("same", "upper"));
  EXPECT_EQ(option_of(echo, "--json").offer, Offer::files);
  EXPECT_EQ(option_of(echo, "--set").offer, Offer::setting);
  EXPECT_EQ(option_of(echo, "--loud").offer, Offer::nothing);
  EXPECT_EQ(option_of(echo, "--loud").value_name, "N");
  EXPECT_EQ(option_of(echo, "--quiet").value_name, "");
  EXPECT_EQ(option_of(echo, "--help").offer, Offer::nothing);
}

TEST(Completion, KnowsWhatStandsWithoutAnOption) {
  const Completion completion = completion_of(program(), keys());
  EXPECT_EQ(completion.verbs[0].offer, Offer::nothing);
  EXPECT_EQ(completion.verbs[1].offer, Offer::files);
  EXPECT_EQ(completion.verbs[2].offer, Offer::verbs);
}

TEST(Completion, DescribesEachInAFewWords) {
  const Completion completion = completion_of(program(), keys());
  EXPECT_EQ(completion.verbs[0].description, "echoes");
  EXPECT_EQ(option_of(completion.verbs[0], "--json").description, "the report");
  EXPECT_EQ(option_of(completion.verbs[0], "--quiet").description, "says nothing") << "what another verb says of it";
  EXPECT_EQ(short_description("one, two. Three"), "one, two");
  EXPECT_EQ(short_description("(0)"), "(0)");
  EXPECT_EQ(short_description("http://... is well. Or not"), "http://... is well");
  EXPECT_EQ(short_description("open loop: at even distances"), "open loop: at even distances");
  EXPECT_EQ(short_description("what must hold in every case: p99=5ms"), "what must hold in every case");
  EXPECT_LE(short_description(std::string(60, 'a') + " bbbbbbb ccccc").size(), 72u);
}

TEST(Completion, HasKeysWhereAVerbSetsThem) {
  EXPECT_THAT(completion_of(program(), keys()).keys, ::testing::SizeIs(2));
  ProgramSyntax without = program();
  without.verbs.erase(without.verbs.begin());
  EXPECT_THAT(completion_of(without, keys()).keys, IsEmpty());
}

TEST(Completion, AValueThatTheHelpDoesNotNameIsAnError) {
  ProgramSyntax flag = program();
  flag.verbs[1].options = {{{"-q", "--quiet"}, true}};
  EXPECT_THROW(completion_of(flag, keys()), std::invalid_argument);
  ProgramSyntax nameless = program();
  nameless.overview = "some-load - loads\n";
  EXPECT_THROW(completion_of(nameless, keys()), std::invalid_argument);
}

TEST(Completion, EachShellHasTheWordsOfAnOption) {
  const Completion completion = completion_of(program(), keys());
  EXPECT_THAT(bash_completion(completion),
              AllOf(HasSubstr("    echo:--expect)\n      COMPREPLY=($(compgen -W 'same upper' -- \"$cur\"))\n"),
                    HasSubstr("complete -F _some_load some-load\n"), HasSubstr("[log.level]='info off'"),
                    Not(HasSubstr("@_"))));
  EXPECT_THAT(zsh_completion(completion),
              AllOf(HasSubstr("'--expect=[what'\\''s to come]:word:(same upper)'"), HasSubstr("#compdef some-load\n"),
                    HasSubstr("'(-q --quiet)'{-q,--quiet}'[says nothing]'"), HasSubstr("log.level 'info off'"),
                    Not(HasSubstr("@_"))));
  EXPECT_THAT(
      fish_completion(completion),
      AllOf(HasSubstr("complete -c some-load -n '__fish_some_load_verb_is echo' -l expect -x -a 'same upper' -d "
                      "'what'\\''s to come'\n"),
            HasSubstr("'log.level=info off'"), Not(HasSubstr("@_"))));
}

}  // namespace
}  // namespace weir::manuals
