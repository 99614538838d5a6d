#include "client/command_line/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <sstream>

#include "client/command_line/verb.hpp"
#include "tests/support/checkout.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Command parse(const std::vector<std::string>& arguments) { return parse_command_line(arguments); }

LoadOptions load_options(const std::vector<std::string>& arguments) { return std::get<LoadOptions>(parse(arguments)); }

std::string printed(const std::vector<std::string>& arguments) { return std::get<PrintText>(parse(arguments)).text; }

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(LoadCommandLine, EchoHasItsDefaults) {
  const LoadOptions options = load_options({"echo", "localhost:7000"});
  EXPECT_EQ(options.workload, Workload::echo);
  EXPECT_EQ(options.target.to_string(), "localhost:7000");
  EXPECT_EQ(options.connections, 64u);
  EXPECT_FALSE(options.duration);
  EXPECT_EQ(options.timeout, seconds(5));
}

TEST(LoadCommandLine, EveryOptionIsUnderstood) {
  const LoadOptions options = load_options({"echo",
                                            "-c",
                                            "1k",
                                            "-t",
                                            "2",
                                            "-d",
                                            "500ms",
                                            "-n",
                                            "1m",
                                            "-l",
                                            "64-4k",
                                            "-W",
                                            "2s",
                                            "--timeout",
                                            "1s",
                                            "--connect-rate",
                                            "100",
                                            "--source",
                                            "127.0.0.0/24",
                                            "--json",
                                            "-",
                                            "--quiet",
                                            "-i",
                                            "250ms",
                                            "--seed",
                                            "9",
                                            "--max-errors",
                                            "5",
                                            "--expect",
                                            "upper",
                                            "--think",
                                            "3ms",
                                            "--pipeline",
                                            "7",
                                            "--reconnect-every",
                                            "50",
                                            "--newcomers",
                                            "2.5/s",
                                            "--drain",
                                            "4s",
                                            "--processes",
                                            "3",
                                            "--start-at",
                                            "2126-11-27T12:00:00Z",
                                            "--proxy-protocol",
                                            "v2",
                                            "--proxy-sources",
                                            "10.0.0.0/16",
                                            "unix:@echo"});
  EXPECT_EQ(options.connections, 1000u);
  EXPECT_EQ(options.threads, 2u);
  EXPECT_EQ(options.duration, milliseconds(500));
  EXPECT_EQ(options.requests, 1'000'000u);
  EXPECT_EQ(options.message.lengths.longest(), 4096u);
  EXPECT_EQ(options.warmup, seconds(2));
  EXPECT_EQ(options.timeout, seconds(1));
  EXPECT_EQ(options.connect_rate, 100u);
  EXPECT_EQ(options.source.size(), 254u);
  EXPECT_EQ(options.json_file, "-");
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.interval, milliseconds(250));
  EXPECT_EQ(options.message.seed, 9u);
  EXPECT_EQ(options.max_errors, 5u);
  EXPECT_TRUE(options.message.upper);
  EXPECT_EQ(options.think, milliseconds(3));
  EXPECT_EQ(options.pipeline, 7u);
  EXPECT_EQ(options.reconnect_every, 50u);
  EXPECT_EQ(options.newcomers, 2.5);
  EXPECT_EQ(options.drain, seconds(4));
  EXPECT_EQ(options.processes, 3u);
  EXPECT_EQ(options.start_at, std::chrono::system_clock::time_point(seconds(4'951'454'400)));
  EXPECT_EQ(options.proxy_protocol, ProxyVersion::v2);
  EXPECT_EQ(options.proxy_sources.to_string(), "10.0.0.0/16");
  EXPECT_EQ(options.target.to_string(), "unix:@echo");
}

TEST(LoadCommandLine, MessageIsUnescaped) {
  const LoadOptions options = load_options({"echo", "--message", R"({n}\x00\n)", "localhost:1"});
  EXPECT_EQ(options.message.text, std::string("{n}\0\n", 5));
}

TEST(LoadCommandLine, RateMakesAnOpenLoopWithoutALimitInFlight) {
  const auto rate_of = [](const char* text) { return load_options({"echo", "--rate", text, "localhost:1"}).rate; };
  EXPECT_EQ(rate_of("100"), 100);
  EXPECT_EQ(rate_of("2.5"), 2.5);
  EXPECT_EQ(rate_of("10k"), 10'000);
  EXPECT_EQ(rate_of("100/s"), 100);
  EXPECT_EQ(rate_of("0.001"), 0.001);
  EXPECT_EQ(rate_of("1000m"), 1e9);
  EXPECT_EQ(load_options({"connect", "-R", "5", "localhost:1"}).rate, 5);

  const LoadOptions closed = load_options({"echo", "localhost:1"});
  EXPECT_FALSE(closed.is_open_loop());
  EXPECT_EQ(closed.most_in_flight(), 1u);
  EXPECT_EQ(load_options({"echo", "--pipeline", "8", "localhost:1"}).most_in_flight(), 8u);
  const LoadOptions open = load_options({"echo", "-R", "5", "localhost:1"});
  EXPECT_TRUE(open.is_open_loop());
  EXPECT_EQ(open.most_in_flight(), ~std::uint64_t{0}) << "it waits for nobody";
  EXPECT_EQ(load_options({"echo", "-R", "5", "--pipeline", "8", "localhost:1"}).most_in_flight(), 8u);
  EXPECT_EQ(open.arrivals, ArrivalKind::uniform);
  EXPECT_EQ(load_options({"echo", "-R", "5", "--arrivals", "poisson", "localhost:1"}).arrivals, ArrivalKind::poisson);
}

TEST(LoadCommandLine, ConnectCanCloseByResetWithoutAnExchange) {
  const LoadOptions options = load_options({"connect", "--close", "rst", "--no-exchange", "localhost:1"});
  EXPECT_EQ(options.workload, Workload::connect);
  EXPECT_EQ(options.close_by, CloseBy::rst);
  EXPECT_FALSE(options.exchange);
}

TEST(LoadCommandLine, MergeTakesFiles) {
  const auto options = std::get<MergeOptions>(parse({"merge", "a.json", "--json", "c.json", "b.json"}));
  EXPECT_EQ(options.files, (std::vector<std::string>{"a.json", "b.json"}));
  EXPECT_EQ(options.json_file, "c.json");
  EXPECT_THAT(complaint({"merge"}), HasSubstr("FILE is required"));
}

TEST(LoadCommandLine, ReportTakesFilesAndAPage) {
  const auto options = std::get<ReportOptions>(parse({"report", "a.json", "--html", "c.html", "b.json", "--text"}));
  EXPECT_EQ(options.files, (std::vector<std::string>{"a.json", "b.json"}));
  EXPECT_EQ(options.html_file, "c.html");
  EXPECT_TRUE(options.text);
  EXPECT_FALSE(std::get<ReportOptions>(parse({"report", "a.json"})).text);
  EXPECT_THAT(complaint({"report", "--text"}), HasSubstr("FILE is required"));
}

TEST(LoadCommandLine, ChatTakesATimeout) {
  const auto options = std::get<ChatOptions>(parse({"chat", "--timeout", "2s", "localhost:1"}));
  EXPECT_EQ(options.timeout, seconds(2));
  EXPECT_EQ(options.target.to_string(), "localhost:1");
}

TEST(LoadCommandLine, UnknownVerbIsToldTheNearest) {
  EXPECT_THAT(complaint({"ecoh", "localhost:1"}), HasSubstr("did you mean \"echo\"?"));
  EXPECT_THAT(complaint({"flood", "localhost:1"}), HasSubstr("there is no verb"));
}

TEST(LoadCommandLine, SaysWhatIsWrong) {
  EXPECT_THAT(complaint({"echo"}), HasSubstr("TARGET is required"));
  EXPECT_THAT(complaint({"echo", "localhost"}), HasSubstr("TARGET"));
  EXPECT_THAT(complaint({"echo", "-c", "0", "localhost:1"}), HasSubstr("--connections"));
  EXPECT_THAT(complaint({"echo", "-l", "4k-1", "localhost:1"}), HasSubstr("goes upward"));
  EXPECT_THAT(complaint({"echo", "--close", "rst", "localhost:1"}), HasSubstr("--close"));
  EXPECT_THAT(complaint({"connect", "--close", "sometimes", "localhost:1"}), HasSubstr("fin or rst"));
  EXPECT_THAT(complaint({"echo", "--message", R"(\q)", "localhost:1"}), HasSubstr("is not an escape"));
  EXPECT_THAT(complaint({"--fast"}), HasSubstr("a verb comes first"));
  EXPECT_THAT(complaint({"echo", "--arrivals", "sometimes", "-R", "1", "localhost:1"}),
              HasSubstr("uniform or poisson"));
  EXPECT_THAT(complaint({"echo", "--proxy-protocol", "v3", "localhost:1"}), HasSubstr("v1 or v2"));
  EXPECT_THAT(complaint({"echo", "--start-at", "noon", "localhost:1"}), HasSubstr("--start-at"));
  EXPECT_THAT(complaint({"echo", "--pipeline", "0", "localhost:1"}), HasSubstr("--pipeline"));
  EXPECT_THAT(complaint({"echo", "--interval", "9ms", "localhost:1"}), HasSubstr("is 10ms at least"));
  EXPECT_THAT(complaint({"echo", "--message", "{bogus}", "localhost:1"}), HasSubstr("nothing stands for {bogus}"));
  EXPECT_THAT(complaint({"echo", "--message", "", "localhost:1"}), HasSubstr("at least one byte"));
}

TEST(LoadCommandLine, RatesThatAreNoneAreRefused) {
  for (const char* option : {"--rate", "--newcomers"}) {
    for (const char* text : {"0", "abc", "-1", "", "1e10", "0.0001", "nan", "inf", "5/m", "/s", "1 2", "0x10"}) {
      EXPECT_THAT(complaint({"echo", option, text, "localhost:1"}), HasSubstr(option)) << text;
    }
  }
}

TEST(LoadCommandLine, OptionsThatDoNotGoTogetherAreRefused) {
  const auto refused = [](const char* verb, std::vector<std::string> options) {
    options.insert(options.begin(), verb);
    options.emplace_back("localhost:1");
    return complaint(options);
  };
  for (const char* verb : {"echo", "connect"}) {
    EXPECT_THAT(refused(verb, {"--length", "5", "--message", "x"}), HasSubstr("--length has no use with --message"));
    EXPECT_THAT(refused(verb, {"--arrivals", "uniform"}), HasSubstr("--arrivals needs a --rate"));
    EXPECT_THAT(refused(verb, {"--proxy-sources", "10.0.0.0/16"}), HasSubstr("--proxy-sources needs --proxy-protocol"));
    EXPECT_THAT(refused(verb, {"-c", "4", "--processes", "5"}), HasSubstr("there are fewer connections (4)"));
    EXPECT_EQ(refused(verb, {"-c", "5", "--processes", "5"}), "no complaint");
  }
  EXPECT_THAT(refused("echo", {"--think", "1ms", "--rate", "5"}), HasSubstr("--think has no use with --rate"));
  EXPECT_THAT(refused("connect", {"--no-exchange", "--message", "x"}),
              HasSubstr("--message has no use with --no-exchange"));
  for (const char* option : {"--connect-rate", "--pipeline", "--think", "--reconnect-every", "--newcomers"}) {
    EXPECT_THAT(refused("connect", {option, "1"}), HasSubstr(option)) << "an option of echo alone";
  }
}

constexpr std::array kVerbs{&kEchoVerb,    &kConnectVerb, &kChatVerb,    &kMergeVerb,
                            &kCompareVerb, &kAbVerb,      &kCapacityVerb};

TEST(LoadCommandLine, HelpIsThereForEachVerb) {
  EXPECT_THAT(printed({"--help"}), HasSubstr("weir-load VERB"));
  EXPECT_THAT(printed({"--version"}), testing::StartsWith("weir-load "));
  for (const Verb* verb : kVerbs) {
    const std::string name(verb->name);
    EXPECT_THAT(printed({name, "--help"}), HasSubstr("usage: weir-load " + name));
    EXPECT_EQ(printed({"help", name}), printed({name, "-h"}));
    EXPECT_THAT(printed({"--help"}), HasSubstr("\n  " + name + " ")) << "the overview";
  }
}

TEST(LoadCommandLine, VerboseIsForTheVersionWithItsBuild) {
  EXPECT_EQ(std::get<PrintBuild>(parse({"--version", "--verbose"})).version, printed({"--version"}));
  EXPECT_EQ(std::get<PrintBuild>(parse({"-V", "--verbose"})).version, printed({"--version"}));
  EXPECT_THROW(parse({"--version", "--verbos"}), UsageError);
  EXPECT_THROW(parse({"--version", "--verbose", "x"}), UsageError);
}

TEST(LoadCommandLine, ItsSyntaxHasEveryVerbWithItsOptions) {
  const ProgramSyntax program = program_syntax();
  EXPECT_EQ(program.name, "weir-load");
  EXPECT_EQ(program.overview, printed({"--help"}));
  EXPECT_EQ(program.verbs.size(), 12u);
  const VerbSyntax& report = program.verbs[10];
  EXPECT_EQ(report.name, "report");
  EXPECT_EQ(report.help, printed({"help", "report"}));
  EXPECT_THAT(report.positional, testing::ElementsAre("FILE"));
  ASSERT_EQ(report.options.size(), 3u);
  EXPECT_THAT(report.options[0].names, testing::ElementsAre("--html"));
  EXPECT_TRUE(report.options[0].takes_value);
  EXPECT_FALSE(report.options[1].takes_value) << "--text";
}

/// Whether the text has the word, and not merely as a part of a longer option.
bool names(const std::string& text, const std::string& option) {
  for (std::size_t at = text.find(option); at != std::string::npos; at = text.find(option, at + 1)) {
    const std::size_t end = at + option.size();
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; };
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

TEST(LoadCommandLine, HelpNamesEveryOptionOfItsVerb) {
  for (const Verb* verb : kVerbs) {
    CLI::App app;
    verb->declare(app);
    int options = 0;
    for (const CLI::Option* option : app.get_options()) {
      if (option->check_name("--help")) continue;
      for (const std::string& name : option->get_lnames()) EXPECT_TRUE(names(verb->help, "--" + name)) << name;
      for (const std::string& name : option->get_snames()) EXPECT_TRUE(names(verb->help, "-" + name)) << name;
      ++options;
    }
    EXPECT_GE(options, 2) << verb->name;
  }
}

TEST(LoadCommandLine, HelpNamesNoOptionThatThereIsNot) {
  for (const Verb* verb : {&kConnectVerb, &kChatVerb, &kAbVerb, &kCapacityVerb, &kCompareVerb}) {
    CLI::App app;
    verb->declare(app);
    std::istringstream words(verb->help);
    for (std::string word; words >> word;) {
      if (!word.starts_with("--")) continue;
      word = word.substr(0, word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"));
      EXPECT_NE(app.get_option_no_throw(word), nullptr) << verb->name << " has no " << word;
    }
  }
}

TEST(LoadCommandLine, HelpIsAtMostAHundredColumnsWide) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"help"},
                                                                     {"help", "echo"},
                                                                     {"help", "connect"},
                                                                     {"help", "chat"},
                                                                     {"help", "merge"},
                                                                     {"help", "compare"},
                                                                     {"help", "ab"},
                                                                     {"help", "capacity"},
                                                                     {"help", "report"}}) {
    std::istringstream lines(printed(arguments));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

/// The statuses that stand at the end of a help, `exit status: 0 fine, 1 …`.
std::string statuses_of(const std::string& help) {
  std::string statuses;
  std::istringstream words(help.substr(std::min(help.find("\nexit status: "), help.size())));
  for (std::string word, before = ":"; words >> word; before = word) {
    const bool is_status = word.size() == 1 && std::isdigit(static_cast<unsigned char>(word.front())) != 0;
    if (is_status && (before.ends_with(':') || before.ends_with(',')))
      statuses += (statuses.empty() ? "" : ", ") + word;
  }
  return statuses;
}

TEST(LoadCommandLine, HelpAndManualTellTheSameExitStatuses) {
  const std::string manual = test::read_file((test::source_folder() / "docs/load-testing.md").string());
  std::map<std::string, std::string> told;
  std::istringstream lines(manual.substr(manual.find("| verbs | their statuses |")));
  for (std::string line; std::getline(lines, line) && line.starts_with('|');) {
    const std::size_t end = line.find(" |", 2);
    for (std::size_t at = line.find('`'); at < end; at = line.find('`', line.find('`', at + 1) + 1)) {
      told[line.substr(at + 1, line.find('`', at + 1) - at - 1)] = line.substr(end + 3, line.rfind(" |") - end - 3);
    }
  }
  const ProgramSyntax program = program_syntax();
  for (const VerbSyntax& verb : program.verbs) {
    if (verb.name == "help") continue;
    EXPECT_EQ(statuses_of(verb.help), told[verb.name]) << verb.name;
  }
  EXPECT_EQ(told.size(), program.verbs.size() - 1);
  EXPECT_EQ(statuses_of(program.overview), "0, 1, 2, 3, 4");
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string refusal(const std::string& line) {
  try {
    parse_command_line(words(line));
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

TEST(LoadCommandLine, SloIsReadAndItsPartsMustMakeSense) {
  const auto options = std::get<LoadOptions>(parse_command_line(words("echo --slo p99=5ms,errors=0.1% h:1")));
  ASSERT_EQ(options.slo.size(), 2u);
  EXPECT_EQ(options.slo[0].text, "p99=5ms");
  EXPECT_TRUE(options.slo_judges_errors());
  EXPECT_THAT(options.command, testing::ElementsAre("weir-load", "echo", "--slo", "p99=5ms,errors=0.1%", "h:1"));
  EXPECT_THAT(refusal("echo --slo p99=5 h:1"), HasSubstr("--slo"));
  EXPECT_THAT(refusal("echo --slo rate=99% h:1"), HasSubstr("needs a --rate"));
  EXPECT_THAT(refusal("echo --slo errors=1 --max-errors 1 h:1"), HasSubstr("--max-errors has no use"));
}

TEST(LoadCommandLine, EchoThroughAProxyNeedsBothWays) {
  const auto options =
      std::get<AbOptions>(parse_command_line(words("echo --via h:2 --direct h:1 --pid 7 --pid 8,9 -R 10")));
  EXPECT_EQ(options.question, Question::via);
  EXPECT_EQ(options.a.to_string(), "h:1");
  EXPECT_EQ(options.b.to_string(), "h:2");
  EXPECT_THAT(options.pids, testing::ElementsAre(7, 8, 9));
  EXPECT_EQ(options.plan.duration, AbOptions::kDefaultDuration);
  EXPECT_THAT(refusal("echo --via h:2"), HasSubstr("--direct"));
  EXPECT_THAT(refusal("echo --direct h:2 h:1"), HasSubstr("--via"));
  EXPECT_THAT(refusal("echo --via h:2 --direct h:1 h:3"), HasSubstr("TARGET has no use"));
  EXPECT_THAT(refusal("echo"), HasSubstr("TARGET"));
  EXPECT_THAT(refusal("echo --pid 7 h:1"), HasSubstr("--pid needs --via"));
  EXPECT_THAT(refusal("echo --block 1s h:1"), HasSubstr("--block needs --via"));
  EXPECT_THAT(refusal("echo --pid x --via h:2 --direct h:1"), HasSubstr("--pid"));
  for (const char* option : {"--requests 10", "--csv f", "--hgrm f", "--prometheus :0", "--interval 1s"}) {
    EXPECT_THAT(refusal(std::string("echo --via h:2 --direct h:1 ") + option), HasSubstr(" has no use")) << option;
  }
  EXPECT_THAT(refusal("echo --via h:2 --direct h:1 --json - --html -"), HasSubstr("stdout"));
}

TEST(LoadCommandLine, ProcessesOfTheProxyAreAListWithoutHoles) {
  const auto pids = [](const std::string& list) {
    return std::get<AbOptions>(parse_command_line(words("echo --via h:1 --direct h:2 --pid " + list))).pids;
  };
  EXPECT_THAT(pids("12,13"), testing::ElementsAre(12, 13));
  EXPECT_THAT(pids("12 --pid 13"), testing::ElementsAre(12, 13));
  for (const char* list : {"1,,2", ",1", "1,", "0", "x"}) {
    EXPECT_THAT(refusal(std::string("echo --via h:1 --direct h:2 --pid ") + list), HasSubstr("--pid")) << list;
  }
}

TEST(LoadCommandLine, AbNeedsBothTargetsAndSomeBlocks) {
  const auto options = std::get<AbOptions>(parse_command_line(
      words("ab --a h:1 --b h:2 -d 10s --block 500ms --smallest-effect 3% --max-regression p99=10%")));
  EXPECT_EQ(options.question, Question::ab);
  EXPECT_EQ(options.block, std::chrono::milliseconds(500));
  EXPECT_DOUBLE_EQ(options.settings.smallest_effect, 0.03);
  EXPECT_EQ(options.settings.limits.size(), 1u);
  EXPECT_THAT(refusal("ab --a h:1"), HasSubstr("--b"));
  EXPECT_THAT(refusal("ab --a h:1 --b h:2 -d 2s --block 500ms"), HasSubstr("--block"));
  EXPECT_THAT(refusal("ab --a h:1 --b h:2 --processes 2"), HasSubstr("--processes"));
  EXPECT_THAT(refusal("ab --a h:1 --b h:2 --pid 3"), HasSubstr("--pid"));
  EXPECT_THAT(refusal("ab --a h:1 --b h:2 --slo p99=1s"), HasSubstr("--slo"));
}

TEST(LoadCommandLine, CompareTakesTwoFilesOrTwoSets) {
  const auto pair = std::get<CompareOptions>(parse_command_line(words("compare a.json b.json")));
  EXPECT_THAT(pair.before, testing::ElementsAre("a.json"));
  EXPECT_THAT(pair.after, testing::ElementsAre("b.json"));
  const auto sets = std::get<CompareOptions>(parse_command_line(words("compare --before a b --after c d e")));
  EXPECT_THAT(sets.before, testing::ElementsAre("a", "b"));
  EXPECT_THAT(sets.after, testing::ElementsAre("c", "d", "e"));
  for (const char* line : {"compare", "compare a", "compare a b c", "compare --before a", "compare --after a",
                           "compare --before a --after b -- c", "compare a b --max-regression x",
                           "compare a b --smallest-effect 5", "compare a b --anyway"}) {
    EXPECT_NE(refusal(line), "") << line;
  }
}

TEST(LoadCommandLine, CapacityTriesRatesItself) {
  const auto options = std::get<CapacityOptions>(
      parse_command_line(words("capacity --slo p99=5ms,rate=99% --step 5s --precision 1% --most 10k h:1")));
  EXPECT_EQ(options.plan.slo.size(), 2u);
  EXPECT_EQ(options.step, std::chrono::seconds(5));
  EXPECT_DOUBLE_EQ(options.precision, 0.01);
  EXPECT_EQ(options.most, 10'000);
  for (const char* line : {"capacity", "capacity -R 5 h:1", "capacity -d 5s h:1", "capacity -n 5 h:1",
                           "capacity --think 5s h:1", "capacity --slo rate=5 h:1", "capacity --step 1ms h:1",
                           "capacity --precision 60% h:1", "capacity --processes 2 h:1"}) {
    EXPECT_NE(refusal(line), "") << line;
  }
}

}  // namespace
}  // namespace weir::load
