#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "client/command_line/command.hpp"

namespace weir::load {

/// One verb of the command line: its help, and how what follows it is understood. Each stands in a file with its help.
struct Verb {
  std::string_view name;
  const char* help;
  /// Declares the verb's options and arguments on `app`; what it returns is called once they were parsed and gives the
  /// command. Either may throw std::invalid_argument with a sentence that says what would be right.
  std::function<Command()> (*declare)(CLI::App& app);
};

extern const Verb kEchoVerb;
extern const Verb kConnectVerb;
extern const Verb kFetchVerb;
extern const Verb kChatVerb;
extern const Verb kMergeVerb;
extern const Verb kCompareVerb;
extern const Verb kAbVerb;
extern const Verb kCapacityVerb;
extern const Verb kReportVerb;
extern const Verb kStreamVerb;
extern const Verb kIdleVerb;

/// Adds an option whose text is turned into a value; what is wrong with it (std::invalid_argument) becomes the parser's
/// error and names the option.
void add(CLI::App& app, const char* names, std::function<void(const std::string&)> store);

/// Adds the one argument TARGET, which is required unless the caller says otherwise.
CLI::Option* add_target(CLI::App& app, Address& target);

/// Adds an option whose value is an address to connect to.
void add_address(CLI::App& app, const char* name, Address& address);

/// Takes options back that other functions added, where they have no use for the verb.
void leave_out(CLI::App& app, std::initializer_list<const char*> options);

/// Whether an option was given. One that the verb has not was not.
bool is_given(const CLI::App& app, const char* option);

/// A count within bounds: `64`, `10k`, `1m`. Throws std::invalid_argument.
std::uint64_t number(const std::string& text, std::uint64_t least, std::uint64_t most);

/// A duration that is longer than nothing. Throws std::invalid_argument.
std::chrono::microseconds positive_duration(const std::string& text);

/// One of two words: true for `yes`, false for `no`. Throws std::invalid_argument.
bool one_of(const std::string& text, std::string_view yes, std::string_view no);

/// How many connections one run may hold, and open a second.
inline constexpr std::uint64_t kMostConnections = 1'000'000;
/// How many threads, and processes, one run may have.
inline constexpr std::uint64_t kMostThreads = 1024;

/// The most that counts such as requests and seeds may be: what a double, and so JSON, holds exactly.
inline constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 53;

}  // namespace weir::load
