#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <mutex>

#include "tests/support/checkout.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr std::size_t kLength = 64;

Finished load(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, "--quiet");
  return run("weir-load", std::move(arguments));
}

/// A server that reads messages of 64 bytes and answers each with what `answer` makes of it.
FakeBackend::Script answers(std::function<std::string(std::string)> answer) {
  return [answer](Peer& client) {
    for (;;) client.send_all(answer(client.receive_exactly(kLength)));
    return Leave::close;
  };
}

/// The message with one bit of one byte turned.
std::string altered(const std::string& message, std::size_t at) {
  std::string changed = message.substr(0, at);
  changed.push_back(static_cast<char>(message.at(at) ^ 1));
  return changed + message.substr(at + 1);
}

TEST(LoadClient, EchoEndsAfterItsRequestsWithEveryReplyRight) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-c", "4", "-n", "1000", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, Says("4 of 4 reached"));
  EXPECT_THAT(finished.out, ContainsRegex("requests +1,000 "));
  EXPECT_THAT(finished.out, HasSubstr("Errors       none"));
  EXPECT_THAT(finished.out, Says("ended with its last request"));
  EXPECT_EQ(finished.err, "");
}

TEST(LoadClient, MessagesLargerThanEveryBufferDoNotLockUp) {
  FakeBackend server(echoes());
  const Finished finished = load({"echo", "-c", "2", "-n", "4", "-l", "20m", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("80.0 MiB"));
}

TEST(LoadClient, MixedLengthsAndShortMessagesAreChecked) {
  FakeBackend server(echoes());
  EXPECT_EQ(load({"echo", "-c", "3", "-n", "600", "-l", "1:50,2-100:30,100k:20", server.address()}).exit, 0);
}

TEST(LoadClient, TextIsSentAndItsCapitalsExpected) {
  FakeBackend server([](Peer& client) {
    for (;;) {
      const int byte = static_cast<unsigned char>(client.receive_exactly(1).at(0));
      client.send_all(std::string(1, static_cast<char>(std::toupper(byte))));
    }
    return Leave::close;
  });
  const std::string text = R"({thread} say hello {n}\n)";
  EXPECT_EQ(load({"echo", "-c", "2", "-n", "20", "--message", text, "--expect", "upper", server.address()}).exit, 0);
  EXPECT_EQ(load({"echo", "-c", "2", "-n", "20", "--message", text, server.address()}).exit, 4);
}

TEST(LoadClient, CorruptByteIsFoundWithItsPlace) {
  FakeBackend server(answers([](const std::string& message) { return altered(message, 40); }));
  const Finished finished = load({"echo", "-c", "1", "-n", "1", server.address()});
  EXPECT_EQ(finished.exit, 4);
  EXPECT_THAT(finished.out, HasSubstr("1  WRONG REPLY: bytes corrupt"));
  EXPECT_THAT(finished.out, Says("the reply to request 0 on connection 0 is corrupt from byte 40 on"));
}

TEST(LoadClient, DroppedByteIsLost) {
  FakeBackend server(answers([](std::string message) { return message.erase(35, 1); }));
  const Finished finished = load({"echo", "-c", "1", "-n", "1", server.address()});
  EXPECT_EQ(finished.exit, 4);
  EXPECT_THAT(finished.out, HasSubstr("1  WRONG REPLY: bytes lost"));
  EXPECT_THAT(finished.out, Says("1 byte lost at byte 35"));
}

TEST(LoadClient, SecondReplyIsDuplicated) {
  FakeBackend server(answers([](std::string message) { return message + message; }));
  const Finished finished = load({"echo", "-c", "1", "-n", "2", server.address()});
  EXPECT_EQ(finished.exit, 4);
  EXPECT_THAT(finished.out, Says("WRONG REPLY: bytes duplicated"));
}

TEST(LoadClient, RepliesSwappedBetweenConnectionsAreForeign) {
  struct Swap {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> messages;
  };
  const auto swap = std::make_shared<Swap>();
  FakeBackend server([swap](Peer& client) {
    const std::string own = client.receive_exactly(kLength);
    std::unique_lock lock(swap->mutex);
    swap->messages.push_back(own);
    swap->changed.notify_all();
    swap->changed.wait_for(lock, kHang, [&] { return swap->messages.size() >= 2; });
    const std::string other = swap->messages[0] == own ? swap->messages[1] : swap->messages[0];
    lock.unlock();
    client.send_all(other);
    client.receive_until_end();
    return Leave::close;
  });
  const Finished finished = load({"echo", "-c", "2", "-n", "2", server.address()});
  EXPECT_EQ(finished.exit, 4);
  EXPECT_THAT(finished.out, HasSubstr("2  WRONG REPLY: another connection's bytes"));
}

TEST(LoadClient, ResetIsCountedAndTheConnectionReopened) {
  FakeBackend server(resets_after(kLength));
  const Finished finished = load({"echo", "-c", "1", "-n", "2", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("2  connection reset"));
  EXPECT_THAT(finished.out, HasSubstr("reopened"));
}

TEST(LoadClient, ErrorsUpToTheAllowedNumberAreForgiven) {
  FakeBackend server(resets_after(kLength));
  EXPECT_EQ(load({"echo", "-c", "1", "-n", "2", "--max-errors", "2", server.address()}).exit, 0);
}

TEST(LoadClient, CloseInsteadOfAReplyIsCounted) {
  FakeBackend server([](Peer& client) {
    client.receive_exactly(kLength);
    return Leave::close;
  });
  const Finished finished = load({"echo", "-c", "1", "-n", "1", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("1  closed instead of a reply"));
}

TEST(LoadClient, SilenceIsATimeout) {
  FakeBackend server(never_answers());
  const Finished finished = load({"echo", "-c", "1", "-n", "1", "--timeout", "100ms", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("1  no reply in time"));
}

TEST(LoadClient, SilenceAtTheEndIsUnfinishedAndCountedAsSlowAsItIsOld) {
  FakeBackend server(never_answers());
  const Finished finished = load({"echo", "-c", "3", "-d", "100ms", "--json", "-", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  const boost::json::value report = boost::json::parse(finished.out);
  EXPECT_EQ(report.at("requests").at("unfinished"), 3);
  EXPECT_EQ(report.at("latency").at("response").at("count"), 3);
  EXPECT_GE(report.at("latency").at("response").at("min_ns").to_number<std::int64_t>(), 1'000'000'000);
}

TEST(LoadClient, RefusalIsSaidAndFails) {
  RefusedPort nobody;
  const Finished finished = load({"echo", "-c", "5", "-d", "10s", nobody.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("0 of 5 reached"));
  EXPECT_THAT(finished.out, HasSubstr("5  connection refused"));
}

TEST(LoadClient, HostThatDoesNotAnswerIsATimeout) {
  BlackHole nowhere;
  const Finished finished = load({"echo", "-c", "1", "--timeout", "200ms", nowhere.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, HasSubstr("1  connect timed out"));
}

TEST(LoadClient, MoreConnectionsThanDescriptorsAreRefusedWithTheRemedy) {
  FakeBackend server(echoes());
  Process::Options options;
  options.descriptors = 100;
  const Finished finished = run("weir-load", {"echo", "-c", "100", server.address()}, options);
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("100 connections need"));
  EXPECT_THAT(finished.err, Says("ulimit -Hn"));
}

TEST(LoadClient, ConnectionsAreSpreadOverTheSourceAddresses) {
  std::mutex mutex;
  std::map<std::string, int> seen;
  FakeBackend server([&](Peer& client) {
    const std::string from = remote_endpoint(client.fd()).to_string();
    {
      const std::lock_guard lock(mutex);
      ++seen[from.substr(0, from.find(':'))];
    }
    return echoes()(client);
  });
  EXPECT_EQ(load({"echo", "-c", "6", "-n", "6", "--source", "127.0.0.2,127.0.0.3", server.address()}).exit, 0);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen, (std::map<std::string, int>{{"127.0.0.2", 3}, {"127.0.0.3", 3}}));
}

TEST(LoadClient, InterruptEndsTheRunAndStillReports) {
  FakeBackend server(echoes());
  Process process("weir-load", {"echo", "-c", "2", "-d", "1h", "-i", "50ms", server.address()});
  process.wait_for_error_line("running");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait_exit(), 0);
  EXPECT_THAT(process.out(), HasSubstr("Verdict      interrupted"));
  EXPECT_THAT(process.out(), Says("2 of 2 reached"));
}

TEST(LoadClient, InterruptedRunEndsWhenNothingIsOutstandingHoweverLongItMayDrain) {
  FakeBackend server(echoes());
  for (const std::vector<std::string>& load :
       std::vector<std::vector<std::string>>{{"echo", "-c", "8"},
                                             {"echo", "-c", "2", "--think", "1h"},
                                             {"echo", "-c", "2", "--reconnect-every", "2"},
                                             {"connect", "-c", "4"}}) {
    std::vector<std::string> arguments = load;
    for (const char* more : {"-d", "1h", "-i", "50ms", "--drain", "1h"}) arguments.emplace_back(more);
    arguments.push_back(server.address());
    Process process("weir-load", arguments);
    process.wait_for_error_line("running");
    process.signal(SIGINT);
    EXPECT_EQ(process.wait_exit(), 0) << load.front();
    EXPECT_THAT(process.out(), HasSubstr("Verdict      interrupted"));
    EXPECT_THAT(process.out(), testing::Not(HasSubstr("unfinished")));
  }
}

TEST(LoadClient, JsonReportGoesToAFile) {
  FakeBackend server(echoes());
  TempDir dir;
  EXPECT_EQ(load({"echo", "-n", "100", "-c", "2", "--json", dir.file("run.json"), server.address()}).exit, 0);
  const boost::json::value report = boost::json::parse(read_file(dir.file("run.json")));
  EXPECT_EQ(report.at("requests").at("completed"), 100);
  EXPECT_EQ(report.at("ended_by"), "requests");
}

TEST(LoadClient, ConnectCountsWholeCyclesByFinAndByReset) {
  FakeBackend server(echoes());
  for (const char* close : {"fin", "rst"}) {
    const std::size_t before = server.accepted();
    const Finished finished = load({"connect", "-c", "4", "-n", "40", "--close", close, server.address()});
    EXPECT_EQ(finished.exit, 0) << finished.out;
    EXPECT_THAT(finished.out, ContainsRegex("connections +40 "));
    EXPECT_EQ(server.accepted() - before, 40u);
  }
}

TEST(LoadClient, ConnectWithoutAnExchangeOnlyConnects) {
  FakeBackend server(echoes());
  const Finished finished = load({"connect", "-c", "2", "-n", "10", "--no-exchange", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out;
  EXPECT_THAT(finished.out, testing::Not(HasSubstr("response  ")));
}

TEST(LoadClient, ConnectFindsAWrongReply) {
  FakeBackend server(answers([](const std::string& message) { return altered(message, 10); }));
  EXPECT_EQ(load({"connect", "-c", "1", "-n", "1", server.address()}).exit, 4);
}

TEST(LoadClient, UsageErrorsAreTwo) {
  const Finished finished = run("weir-load", {"ehco", "localhost:1"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, Says("did you mean \"echo\"?"));
  EXPECT_EQ(finished.out, "");
}

/// Runs a chat with a file or a pipe as stdin, through the shell.
Finished chat_by_shell(const std::string& command) { return run("/bin/sh", {"-c", command}); }

const std::string kWeirLoad = built_program("weir-load");

TEST(LoadClient, ChatSendsAPipeAndShowsTheReplies) {
  FakeBackend server(echoes());
  const Finished finished = chat_by_shell("printf 'hi\\n' | " + kWeirLoad + " chat " + server.address());
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_EQ(finished.out, "hi\n");
}

TEST(LoadClient, ChatTakesAFileLargerThanItsBuffers) {
  FakeBackend server(echoes());
  TempDir dir;
  const std::string text(1'000'000, 'x');
  dir.write("in", text);
  const Finished finished = chat_by_shell(kWeirLoad + " chat " + server.address() + " < " + dir.file("in"));
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_TRUE(finished.out == text);
}

TEST(LoadClient, ChatEndsWithItsPeer) {
  FakeBackend server(closes_at_once());
  TempDir dir;
  // The shell keeps the pipe's other end open: the input never ends, and the peer's FIN is enough.
  const std::string pipe = dir.file("pipe");
  EXPECT_EQ(chat_by_shell("mkfifo " + pipe + "; exec 3<>" + pipe + "; " + kWeirLoad + " chat " + server.address() +
                          " < " + pipe)
                .exit,
            0);
}

TEST(LoadClient, ClosedStandardInputIsAnEmptyOne) {
  FakeBackend server(echoes());
  const Finished finished = chat_by_shell("exec " + kWeirLoad + " chat " + server.address() + " <&-");
  EXPECT_EQ(finished.exit, 0) << finished.err;
}

TEST(LoadClient, ChatSaysWhyItCannotConnect) {
  RefusedPort nobody;
  const Finished finished = run("weir-load", {"chat", nobody.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("Connection refused"));
}

}  // namespace
}  // namespace weir::test
