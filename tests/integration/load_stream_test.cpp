#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <future>
#include <memory>

#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/stopwatch.hpp"
#include "tests/support/tcp_queues.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

Finished stream(std::vector<std::string> arguments) {
  const std::vector<std::string> begin{"stream", "--quiet", "-d", "300ms"};
  arguments.insert(arguments.begin(), begin.begin(), begin.end());
  return run("weir-load", std::move(arguments));
}

/// `weir-load stream --serve` on a free port.
class Server {
 public:
  explicit Server(std::vector<std::string> arguments = {}, const std::string& bind = "127.0.0.1:0") {
    arguments.insert(arguments.begin(), {"stream", "--serve", bind});
    process_ = std::make_unique<Process>("weir-load", std::move(arguments));
    const std::string line = process_->wait_for_error_line("listening on ");
    address_ = line.substr(line.rfind(' ') + 1);
  }

  const std::string& address() const { return address_; }
  Process& process() { return *process_; }
  Peer connect() const { return Peer::connect(endpoint_of(address_)); }
  int stop() {
    process_->signal(SIGTERM);
    return process_->wait_exit();
  }

 private:
  std::unique_ptr<Process> process_;
  std::string address_;
};

/// Echoes, with what `change` makes of each piece, told where in the connection it begins.
FakeBackend::Script echoes_changed(const std::function<std::string(std::string piece, std::size_t begin)>& change) {
  return [change](Peer& client) {
    std::string piece(64 * 1024, '\0');
    for (std::size_t begin = 0;;) {
      const ssize_t count = ::recv(client.fd(), piece.data(), piece.size(), 0);
      if (count <= 0) return Leave::close;
      client.send_all(change(piece.substr(0, static_cast<std::size_t>(count)), begin));
      begin += static_cast<std::size_t>(count);
    }
  };
}

/// A far end that knows the protocol up to its answer, and then sends `rest` once the client has ended.
FakeBackend::Script answers_then(const std::string& rest) {
  return [rest](Peer& client) {
    std::string line;
    while (!line.ends_with('\n')) line += client.receive_exactly(1);
    client.send_all(line.replace(line.find(" stream "), 8, " serve "));
    client.receive_until_end();
    client.send_all(rest);
    return Leave::close;
  };
}

/// Echoes so many bytes; then `after` goes on.
FakeBackend::Script echoes_first(std::size_t bytes, const FakeBackend::Script& after) {
  return [bytes, after](Peer& client) {
    std::string piece(64 * 1024, '\0');
    for (std::size_t left = bytes; left > 0;) {
      const ssize_t count = ::recv(client.fd(), piece.data(), std::min(left, piece.size()), 0);
      if (count <= 0) return Leave::close;
      client.send_all(piece.substr(0, static_cast<std::size_t>(count)));
      left -= static_cast<std::size_t>(count);
    }
    return after(client);
  };
}

/// Where the client's first line has certainly ended, counted from the connection's begin.
constexpr std::size_t kPlace = 100'000;

TEST(LoadStream, UpIsVerifiedByTheFarEnd) {
  Server server;
  const Finished finished = stream({"-c", "3", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("3 of 3 streams reached"));
  EXPECT_THAT(finished.out, Says("which checked every byte that it got"));
  EXPECT_THAT(finished.out, HasSubstr("Errors       none; every byte was right"));
  EXPECT_THAT(finished.out, HasSubstr("Sending      limited by "));
  EXPECT_THAT(finished.out, Not(HasSubstr("  down ")));
  server.process().wait_for_output_line("stream 2 up  received [1-9][0-9]* B right, sent 0 B");
  EXPECT_EQ(server.stop(), 0);
}

TEST(LoadStream, DownIsVerifiedHere) {
  Server server;
  const Finished finished = stream({"--direction", "down", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("every byte was checked here"));
  EXPECT_THAT(finished.out, HasSubstr("Far sending  limited by "));
  EXPECT_THAT(finished.out, Not(HasSubstr("  up ")));
  server.process().wait_for_output_line("stream 0 down  received 0 B right, sent [1-9][0-9]* B");
}

TEST(LoadStream, BothWaysAreVerified) {
  Server server({"-t", "2"});
  const Finished finished = stream({"--direction", "both", "-c", "5", "-t", "2", server.address()});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("every byte was checked, here and there"));
  EXPECT_THAT(finished.out, Says("Jain's index"));
}

TEST(LoadStream, UnixSocketsServeAndAreCleanedUp) {
  const TempDir dir;
  const std::string address = "unix:" + dir.file("stream.socket");
  {
    Server server({}, address);
    EXPECT_EQ(stream({"--direction", "both", address}).exit, 0);
    EXPECT_EQ(server.stop(), 0);
  }
  EXPECT_NE(::access(dir.file("stream.socket").c_str(), F_OK), 0);
}

TEST(LoadStream, EchoOfWeirIsBothWays) {
  Daemon daemon = Daemon::with_config(echo_config());
  const Finished finished = stream({"--direction", "both", "-c", "2", daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("an echo: every byte that came back was checked here"));
}

TEST(LoadStream, UpToAnEchoSaysThatItCameBack) {
  Daemon daemon = Daemon::with_config(echo_config());
  const Finished finished = stream({daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("every byte came back and was checked here"));
  EXPECT_THAT(finished.out, HasSubstr("  down "));
}

TEST(LoadStream, DownFromAnEchoSaysWhatWouldBeRight) {
  FakeBackend server(echoes());
  const Finished finished = stream({"--direction", "down", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("the target is an echo and sends nothing of its own; try --direction both"));
}

TEST(LoadStream, DiscardOfWeirTakesUp) {
  Daemon daemon = Daemon::with_config("listeners: [{name: d, bind: '127.0.0.1:0', discard: {}}]\n");
  const Finished finished = stream({daemon.addresses()[0]});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("answers nothing, as a discard"));
  EXPECT_THAT(finished.out, Not(HasSubstr("every byte was right")));
}

TEST(LoadStream, SilenceIsNoDownStream) {
  FakeBackend server(never_answers());
  for (const char* direction : {"down", "both"}) {
    const Finished finished = stream({"--direction", direction, "--timeout", "100ms", server.address()});
    EXPECT_EQ(finished.exit, 1);
    EXPECT_THAT(finished.out, Says("no answer within 100ms; a discard takes --direction up"));
  }
}

TEST(LoadStream, GoesThroughAProxy) {
  Server server;
  Daemon daemon = Daemon::with_config(proxy_config({server.address()}));
  for (const char* direction : {"up", "down", "both"}) {
    const Finished finished = stream({"--direction", direction, "-c", "2", daemon.addresses()[0]});
    EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("Errors       none; every byte was right"));
  }
}

TEST(LoadStream, CorruptByteIsFoundWithItsPlace) {
  FakeBackend server(echoes_changed([](std::string piece, std::size_t begin) {
    if (begin <= kPlace && kPlace < begin + piece.size()) piece[kPlace - begin] ^= 1;
    return piece;
  }));
  const Finished finished = stream({"--direction", "both", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("1  WRONG BYTES: bytes corrupt"));
  EXPECT_THAT(finished.out, ContainsRegex("down: bytes are corrupt from byte 999[0-9][0-9] of stream 0 on"));
  EXPECT_THAT(finished.out, HasSubstr("                expected  "));
  EXPECT_THAT(finished.out, HasSubstr("                received  "));
}

TEST(LoadStream, LostBytesAreCounted) {
  FakeBackend server(echoes_changed([](std::string piece, std::size_t begin) {
    // As much of the 17 as stands in this piece.
    const std::size_t from = std::max(begin, kPlace) - begin;
    const std::size_t to = std::min(begin + piece.size(), kPlace + 17) - begin;
    if (begin < kPlace + 17 && from < to) piece.erase(from, to - from);
    return piece;
  }));
  const Finished finished = stream({"--direction", "both", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, ContainsRegex("17 bytes lost at byte 999[0-9][0-9] of stream 0"));
}

TEST(LoadStream, BytesThatCameTwiceAreCounted) {
  FakeBackend server(echoes_changed([](std::string piece, std::size_t begin) {
    if (begin <= kPlace && kPlace < begin + piece.size()) {
      const std::size_t at = kPlace - begin;
      piece.insert(at, 1, piece[at]);
    }
    return piece;
  }));
  const Finished finished = stream({"--direction", "both", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, ContainsRegex("1 byte came twice at byte 999[0-9][0-9] of stream 0"));
}

TEST(LoadStream, EchoThatLosesItsEndIsCutShort) {
  FakeBackend server(echoes_first(10'000, never_answers()));
  const Finished finished = stream({"--pace", "10MiB", "--direction", "both", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out,
              ContainsRegex("the last [0-9]+ bytes never came: it ended at byte 99[0-9][0-9] of stream 0"));
}

TEST(LoadStream, EarlyEndIsAFailure) {
  FakeBackend server(echoes_first(10'000, closes_at_once()));
  const Finished finished = stream({"--direction", "both", server.address()});
  EXPECT_EQ(finished.exit, 1) << finished.out;
  EXPECT_THAT(finished.out, ContainsRegex("closed instead of a reply|connection reset"));
  EXPECT_THAT(finished.out, Says("ended with the last stream"));
}

TEST(LoadStream, ResetIsAFailureThatMayBeForgiven) {
  FakeBackend server(resets_after(10'000));
  const Finished finished = stream({server.address()});
  EXPECT_EQ(finished.exit, 1) << finished.out;
  EXPECT_THAT(finished.out, HasSubstr("1  connection reset"));
  EXPECT_EQ(stream({"--max-errors", "1", server.address()}).exit, 0);
}

/// Reads to the client's FIN, and does not send its own before the test is over.
class NeverEnds {
 public:
  ~NeverEnds() { over_.set_value(); }
  std::string address() const { return server_->address(); }

 private:
  std::promise<void> over_;
  std::unique_ptr<FakeBackend> server_ =
      std::make_unique<FakeBackend>([until = over_.get_future().share()](Peer& client) {
        client.receive_until_end();
        until.wait();
        return Leave::close;
      });
};

TEST(LoadStream, FarEndWithoutAFinIsAFailure) {
  const NeverEnds server;
  const Finished finished = stream({"--pace", "10MiB", "--timeout", "200ms", server.address()});
  EXPECT_EQ(finished.exit, 1) << finished.out;
  EXPECT_THAT(finished.out, Says("stream 0 had no FIN within 200ms"));
}

TEST(LoadStream, SignalGivesUpAFarEndThatDoesNotEnd) {
  const NeverEnds server;
  Process process("weir-load", {"stream", "-d", "50ms", "--pace", "10MiB", "--timeout", "1h", server.address()});
  process.wait_for_error_line("closing  1 of 1 streams have not ended");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait_exit(), 1);
  EXPECT_THAT(process.out(), Says("stream 0 was given up before the far end had ended it"));
}

TEST(LoadStream, AnotherServiceIsCalledByItsFirstBytes) {
  FakeBackend server([](Peer& client) {
    client.send_all("SSH-2.0-OpenSSH_9.2\r\n");
    client.receive_until_end();
    return Leave::close;
  });
  const Finished finished = stream({"--pace", "10MiB", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, Says("its answer begins with \"SSH-2.0-OpenSSH_9.2"));
}

TEST(LoadStream, WrongByteThatTheFarEndSawIsReported) {
  FakeBackend server(answers_then(
      "WEIR-LOAD/1 result received=1000 sent=0 wrong=lost amount=17 expected=0102 got=0304 elapsed=0 busy=0 "
      "rwnd=0 sndbuf=0 rtt=0 min_rtt=0 retransmits=0 bytes_retrans=0\n"));
  const Finished finished = stream({"--pace", "10MiB", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, Says("up, seen by the far end: 17 bytes lost at byte 1000 of stream 0"));
  EXPECT_THAT(finished.out, HasSubstr("expected  01 02\n"));
  EXPECT_THAT(finished.out, HasSubstr("received  03 04\n"));
}

TEST(LoadStream, BytesThatTheFarEndNeverGotAreReported) {
  FakeBackend server(
      answers_then("WEIR-LOAD/1 result received=1000 sent=0 wrong=none amount=0 expected= got= elapsed=0 busy=0 rwnd=0 "
                   "sndbuf=0 rtt=0 min_rtt=0 retransmits=0 bytes_retrans=0\n"));
  const Finished finished = stream({"--pace", "10MiB", server.address()});
  EXPECT_EQ(finished.exit, 4) << finished.out;
  EXPECT_THAT(finished.out, ContainsRegex("up, seen by the far end: the last [0-9]+ bytes never came"));
}

TEST(LoadStream, FarEndWithoutAResultIsAFailure) {
  FakeBackend server(answers_then(""));
  const Finished finished = stream({"--pace", "10MiB", server.address()});
  EXPECT_EQ(finished.exit, 1) << finished.out;
  EXPECT_THAT(finished.out, Says("was ended by the far end without a result"));
}

TEST(LoadStream, PaceIsNotExceeded) {
  Server server;
  const Finished finished =
      stream({"--direction", "both", "--pace", "1MiB", "-c", "2", "--json", "-", server.address()});
  ASSERT_EQ(finished.exit, 0) << finished.out << finished.err;
  const auto report = boost::json::parse(finished.out).as_object();
  // What was under way when the window began comes on top, and a tenth of a second may be made up for.
  const double most = 2 * 1024 * 1024 * (report.at("window_s").to_number<double>() + 0.2);
  for (const char* way : {"up", "down"}) {
    const double bytes = report.at(way).at("bytes").to_number<double>();
    EXPECT_GT(bytes, 0) << way;
    EXPECT_LT(bytes, most) << way;
  }
}

TEST(LoadStream, JsonHasEveryStreamAndInterval) {
  Server server;
  const Finished finished = stream({"-i", "50ms", "-W", "100ms", "-c", "2", "--json", "-", server.address()});
  ASSERT_EQ(finished.exit, 0) << finished.out << finished.err;
  const auto report = boost::json::parse(finished.out).as_object();
  EXPECT_EQ(report.at("workload"), "stream");
  EXPECT_EQ(report.at("ended_by"), "duration");
  EXPECT_EQ(report.at("reached").to_number<int>(), 2);
  EXPECT_GT(report.at("up").at("bits_per_s").to_number<double>(), 0);
  EXPECT_GE(report.at("intervals").as_array().size(), 2U);
  ASSERT_EQ(report.at("streams").as_array().size(), 2U);
  for (const auto& each : report.at("streams").as_array()) {
    EXPECT_EQ(each.at("far_end"), "serve");
    EXPECT_EQ(each.at("sent_bytes"), each.at("confirmed_bytes"));
    EXPECT_EQ(each.at("sent_bytes"), each.at("acknowledged_bytes"));
    EXPECT_GT(each.at("tcp").at("rtt_us").to_number<double>(), 0);
    EXPECT_TRUE(each.at("error").is_null());
    EXPECT_TRUE(each.at("wrong").is_null());
  }
  EXPECT_THAT(finished.err, HasSubstr("Throughput"));
}

TEST(LoadStream, InterruptStillReports) {
  Server server;
  Process process("weir-load", {"stream", "-d", "1h", "-i", "50ms", server.address()});
  process.wait_for_error_line("running");
  process.signal(SIGINT);
  EXPECT_EQ(process.wait_exit(), 0);
  EXPECT_THAT(process.out(), HasSubstr("Ended        interrupted"));
  EXPECT_THAT(process.out(), Says("every byte was right"));
}

TEST(LoadStream, NobodyThereIsAFailure) {
  const RefusedPort nobody;
  const Finished finished = stream({nobody.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("no stream could be opened"));
}

TEST(LoadStream, UsageIsChecked) {
  EXPECT_EQ(run("weir-load", {"stream"}).exit, 2);
  EXPECT_EQ(run("weir-load", {"stream", "--direction", "sideways", "127.0.0.1:1"}).exit, 2);
  EXPECT_EQ(run("weir-load", {"stream", "--pace", "0", "127.0.0.1:1"}).exit, 2);
  const Finished finished = run("weir-load", {"stream", "--serve", "127.0.0.1:0", "--direction", "up"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, Says("--direction has no use with --serve"));
}

TEST(LoadStreamServe, WrongByteIsToldToBothSides) {
  Server server;
  Peer client = server.connect();
  client.send_all("WEIR-LOAD/1 stream up pace=0 run=00000a stream=3\n" + std::string(100, 'x'));
  const Received received = client.receive_until_end();
  EXPECT_THAT(received.bytes, HasSubstr("WEIR-LOAD/1 serve up pace=0 run=00000a stream=3\n"));
  EXPECT_THAT(received.bytes, ContainsRegex("WEIR-LOAD/1 result received=[0-9]+ sent=0 wrong=corrupt "));
  client.shutdown_write();
  server.process().wait_for_output_line("stream 3 up  received [0-9]+ B right, then WRONG.*: bytes are corrupt");
  EXPECT_EQ(server.stop(), 4);
}

TEST(LoadStreamServe, BytesInADownStreamAreWrong) {
  Server server;
  Peer client = server.connect();
  client.send_all("WEIR-LOAD/1 stream down pace=1000 run=00000a stream=0\nx");
  EXPECT_THAT(client.receive_until_end().bytes, HasSubstr(" wrong=foreign amount=1 "));
}

TEST(LoadStreamServe, HostileClientsCostTheirOwnConnectionOnly) {
  Server server({"--timeout", "2s"});
  Peer silent = server.connect();
  Peer other = server.connect();
  other.send_all("GET / HTTP/1.1\r\n\r\n");
  Peer endless = server.connect();
  endless.send_all(std::string(100'000, 'W'));
  Peer gone = server.connect();
  gone.shutdown_write();
  for (Peer* peer : {&silent, &other, &endless, &gone}) EXPECT_EQ(peer->receive_until_end().ending, Ending::reset);
  server.process().wait_for_output_line("no stream: no first line within 2s");
  server.process().wait_for_output_line("no stream: its first line is \"GET / HTTP/1.1");
  server.process().wait_for_output_line("no stream: its first line is too long");
  server.process().wait_for_output_line("closed before its first line");
  EXPECT_EQ(stream({server.address()}).exit, 0);
  EXPECT_EQ(server.stop(), 0);
}

TEST(LoadStreamServe, ClientThatTakesNothingIsGivenUp) {
  Server server({"--timeout", "200ms"});
  const Endpoint target = endpoint_of(server.address());
  Peer client = Peer::connect(target, {.receive_buffer = 4096});
  client.send_all("WEIR-LOAD/1 stream down pace=0 run=00000a stream=0\n");
  // The queues are full once what is in them has stayed the same for a while.
  std::size_t before = 0;
  Stopwatch same;
  ASSERT_TRUE(wait_until([&] {
    const std::size_t queued = tcp_queues_to(target.port()).accepted.send;
    if (queued == 0 || queued != before) same = Stopwatch();
    before = queued;
    return same.elapsed() >= std::chrono::milliseconds(400);
  }));
  client.shutdown_write();
  server.process().wait_for_output_line("stream 0 down  .*; takes nothing");
}

TEST(LoadStreamServe, EndsWithItsStreams) {
  Server server;
  Process client("weir-load", {"stream", "-d", "1h", "-i", "50ms", server.address()});
  client.wait_for_error_line("running");
  EXPECT_EQ(server.stop(), 0);
  EXPECT_THAT(server.process().out(), HasSubstr("; stopped"));
  EXPECT_EQ(client.wait_exit(), 1);
}

TEST(LoadStreamServe, TakenAddressIsAnError) {
  Server server;
  const Finished finished = run("weir-load", {"stream", "--serve", server.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("cannot listen on " + server.address()));
}

}  // namespace
}  // namespace weir::test
