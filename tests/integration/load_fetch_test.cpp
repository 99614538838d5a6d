#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>

#include "tests/support/dead_ends.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/name_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"

/// `weir-load fetch` against servers that the tests play themselves, without TLS.
namespace weir::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

/// A request up to its blank line.
std::string receive_request(Peer& client) {
  std::string request;
  while (!request.ends_with("\r\n\r\n")) request += client.receive_exactly(1);
  return request;
}

/// The path that a request asks for.
std::string path_of(const std::string& request) {
  const std::size_t begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

/// A server that answers each request with the same bytes.
FakeBackend::Script answers(std::string response, Leave leave = Leave::close) {
  return [response = std::move(response), leave](Peer& client) {
    receive_request(client);
    client.send_all(response);
    // A reset must not overtake what was sent.
    if (leave == Leave::reset) client.readable(std::chrono::milliseconds(100));
    return leave;
  };
}

/// A server that sends the bytes and then nothing more, until the client goes.
FakeBackend::Script stalls_after(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& client) {
    receive_request(client);
    client.send_all(bytes);
    client.receive_until_end();
    return Leave::close;
  };
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string url(const FakeBackend& server, const std::string& path = "/") {
  return "http://" + server.address() + path;
}

Finished fetch(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "fetch");
  return run("weir-load", std::move(arguments));
}

/// The line about what a server's one response led to.
std::string outcome_of(FakeBackend::Script script, const std::vector<std::string>& options = {}) {
  FakeBackend server(std::move(script));
  std::vector<std::string> arguments = options;
  arguments.push_back(url(server));
  const Finished finished = fetch(arguments);
  EXPECT_EQ(finished.exit, finished.out.starts_with("200") ? 0 : 1) << finished.out << finished.err;
  return finished.out.substr(0, finished.out.find('\n'));
}

/// What the body of a server's one response became.
std::string body_of(const std::string& response) {
  TempDir dir;
  const std::string line = outcome_of(answers(response), {"--output", dir.file("body")});
  EXPECT_THAT(line, testing::StartsWith("200"));
  return read_file(dir.file("body"));
}

boost::json::object result_of(const std::string& line) { return boost::json::parse(line).as_object(); }

TEST(LoadFetch, SlowUrlsAreAwaitedAtTheSameTime) {
  // Nobody gets an answer before all have asked: one after the other, that would never end.
  constexpr int kUrls = 20;
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  FakeBackend server([&](Peer& client) {
    receive_request(client);
    std::unique_lock lock(mutex);
    ++asked;
    changed.notify_all();
    changed.wait_for(lock, kHang, [&] { return asked == kUrls; });
    lock.unlock();
    client.send_all(ok("x"));
    return Leave::close;
  });
  std::vector<std::string> urls;
  for (int i = 0; i < kUrls; ++i) urls.push_back(url(server, "/" + std::to_string(i)));
  const Finished finished = fetch(urls);
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, Says("20 fetches in "));
  EXPECT_THAT(finished.out, Says("20 ok, 0 failed, 20 B"));
  EXPECT_THAT(finished.out, ContainsRegex("one after the other: at most .* times as long"));
  EXPECT_THAT(finished.out, Says("slowest: "));
}

TEST(LoadFetch, NoMoreAreUnderWayThanAllowed) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  FakeBackend server([&](Peer& client) {
    const int mine = ++now;
    for (int seen = most; mine > seen && !most.compare_exchange_weak(seen, mine);) {
    }
    receive_request(client);
    --now;
    client.send_all(ok(""));
    return Leave::close;
  });
  std::string list;
  for (int i = 0; i < 30; ++i) list += url(server) + "\n";
  TempDir dir;
  const Finished finished = fetch({"-c", "3", "--quiet", "--file", dir.write("urls", list)});
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_THAT(finished.out, testing::StartsWith("30 fetches in "));
  EXPECT_LE(most, 3);
}

TEST(LoadFetch, BodiesEndAsHttpSays) {
  EXPECT_EQ(body_of(ok("by length") + "what follows is not the body"), "by length");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\n\r\nby close"), "by close");
  EXPECT_EQ(body_of("HTTP/1.0 200 OK\r\n\r\nold"), "old");
  EXPECT_EQ(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nby \r\n6;extension=1\r\nchunks\r\n0\r\nTrailer: x\r\n\r\n"),
            "by chunks");
  EXPECT_EQ(body_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("at last")),
            "at last");
}

TEST(LoadFetch, ABodyThatIsCutShortIsClosedEarly) {
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")),
              ContainsRegex("^closed_early .* 3 B .*\\(in the body after 3 bytes\\)$"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")),
              ContainsRegex("^closed_early .*in the body after 3 bytes"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nConte")), ContainsRegex("^closed_early .*in the header"));
  EXPECT_THAT(outcome_of(answers("")), ContainsRegex("^closed_early .*before the first byte"));
}

TEST(LoadFetch, AStallIsATimeoutThatSaysWhere) {
  const std::vector<std::string> options{"--timeout", "300ms"};
  EXPECT_THAT(outcome_of(stalls_after(""), options), ContainsRegex("^timeout .*before the first byte"));
  EXPECT_THAT(outcome_of(stalls_after("HTTP/1.1 200 O"), options), ContainsRegex("^timeout .*in the header"));
  EXPECT_THAT(outcome_of(stalls_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), options),
              ContainsRegex("^timeout .*in the body after 3 bytes"));
  BlackHole nobody;
  const Finished finished = fetch({"--connect-timeout", "200ms", nobody.address()});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, testing::StartsWith("connect_timeout"));
}

TEST(LoadFetch, WhatIsNoHttpIsABadResponse) {
  EXPECT_THAT(outcome_of(answers("SSH-2.0-OpenSSH_9.2\r\n")), testing::StartsWith("bad_response"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
              testing::StartsWith("bad_response"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")),
              testing::StartsWith("bad_response"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")),
              testing::StartsWith("bad_response"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'))),
              ContainsRegex("^bad_response .*its header is larger than 64 KiB"));
}

TEST(LoadFetch, RefusedAndResetHaveTheirNames) {
  RefusedPort nobody;
  EXPECT_THAT(fetch({nobody.address()}).out, testing::StartsWith("refused"));
  EXPECT_THAT(outcome_of(answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Leave::reset)),
              ContainsRegex("^reset .*in the body after 3 bytes"));
}

TEST(LoadFetch, ErrorStatusesAreFailuresUnlessAllowed) {
  const std::string response = "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno";
  FakeBackend server(answers(response));
  const Finished finished = fetch({url(server)});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, testing::StartsWith("503 "));
  EXPECT_THAT(finished.out, Says("failed: 1 bad_status"));
  EXPECT_EQ(fetch({"--any-status", url(server)}).exit, 0);
  EXPECT_EQ(fetch({"--max-errors", "1", url(server)}).exit, 0);
  EXPECT_EQ(fetch({"--max-errors", "1", url(server), url(server)}).exit, 1);
}

/// `/a` leads to `/b`, `/b` to `c`, which has the body; `/loop` to itself; `/out` to another scheme.
Leave redirects(Peer& client) {
  const std::string path = path_of(receive_request(client));
  const auto to = [](const std::string& location) {
    return "HTTP/1.1 302 Found\r\nContent-Length: 7\r\nLocation: " + location + "\r\n\r\nignored";
  };
  client.send_all(path == "/a"      ? to("/b?x")
                  : path == "/b?x"  ? to("c")
                  : path == "/loop" ? to("/loop")
                  : path == "/out"  ? to("ftp://other/")
                                    : ok("at " + path));
  return Leave::close;
}

TEST(LoadFetch, RedirectsAreFollowedWithinBounds) {
  FakeBackend server(redirects);
  TempDir dir;
  const Finished finished = fetch({url(server, "/a"), "--output", dir.file("body"), "--results", dir.file("results")});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("2 redirects"));
  EXPECT_EQ(read_file(dir.file("body")), "at /c");
  const boost::json::object result = result_of(read_file(dir.file("results")));
  EXPECT_EQ(result.at("redirects"), 2);
  EXPECT_EQ(result.at("final_url").as_string(), url(server, "/c"));
  EXPECT_EQ(result.at("bytes"), 5);

  EXPECT_THAT(fetch({url(server, "/a"), "--max-redirects", "1"}).out, testing::StartsWith("too_many_redirects"));
  EXPECT_THAT(fetch({url(server, "/a"), "--max-redirects", "2"}).out, testing::StartsWith("200 "));
  EXPECT_THAT(fetch({url(server, "/loop")}).out, ContainsRegex("^too_many_redirects .*10 redirects"));
  EXPECT_THAT(fetch({url(server, "/out")}).out, ContainsRegex("^bad_redirect .*neither http nor https"));
  EXPECT_THAT(fetch({url(server, "/a"), "--max-redirects", "0"}).out, testing::StartsWith("302 "));
}

TEST(LoadFetch, FieldsAreSentWithTheRequest) {
  std::mutex mutex;
  std::string request;
  FakeBackend server([&](Peer& client) {
    std::string received = receive_request(client);
    const std::lock_guard lock(mutex);
    request = std::move(received);
    client.send_all(ok(""));
    return Leave::close;
  });
  EXPECT_EQ(fetch({"-H", "X-Test: 1", "--header", "Host: virtual.test", url(server, "/a b?c=%41#d")}).exit, 0);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(request, testing::StartsWith("GET /a%20b?c=%41 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nHost: virtual.test\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Test: 1\r\n"));
}

TEST(LoadFetch, EachBodyHasItsFileAndEachUrlItsResult) {
  FakeBackend server([](Peer& client) {
    const std::string path = path_of(receive_request(client));
    client.send_all(ok("body of " + path));
    return Leave::close;
  });
  RefusedPort nobody;
  TempDir dir;
  const Finished finished = fetch({url(server, "/a/x.html"), "http://" + nobody.address(), url(server, "/../../x?y"),
                                   "--output", dir.file("out/"), "--results", "-"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_EQ(read_file(dir.file("out/1-127.0.0.1-x.html")), "body of /a/x.html");
  EXPECT_EQ(read_file(dir.file("out/3-127.0.0.1-x")), "body of /../../x?y");
  EXPECT_FALSE(std::filesystem::exists(dir.file("out/2-127.0.0.1-index")));
  EXPECT_THAT(finished.err, Says("3 fetches in "));  // stdout has the results alone
  const std::vector<std::string> lines = lines_of(finished.out);
  ASSERT_EQ(lines.size(), 3u);
  for (const std::string& line : lines) {
    const boost::json::object result = result_of(line);
    if (result.at("outcome") == "refused") {
      EXPECT_TRUE(result.at("connect_ms").is_null());
      EXPECT_TRUE(result.at("file").is_null());
    } else {
      EXPECT_EQ(result.at("outcome"), "ok");
      EXPECT_EQ(result.at("address").as_string(), server.address());
      EXPECT_LE(result.at("connect_ms").to_number<double>(), result.at("first_byte_ms").to_number<double>());
      EXPECT_LE(result.at("first_byte_ms").to_number<double>(), result.at("end_ms").to_number<double>());
      EXPECT_TRUE(std::filesystem::exists(std::string(result.at("file").as_string())));
    }
  }
}

TEST(LoadFetch, StdoutMayTakeABody) {
  FakeBackend server(answers(ok("the body")));
  const Finished finished = fetch({url(server), "--output", "-"});
  EXPECT_EQ(finished.out, "the body");
  EXPECT_THAT(finished.err, Says("1 fetch in "));
}

TEST(LoadFetch, AFileThatCannotBeWrittenFailsAlone) {
  FakeBackend server(answers(ok("x")));
  EXPECT_THAT(fetch({url(server), "--output", "/dev/full"}).out, ContainsRegex("^write_failed .*No space left"));
  TempDir dir;
  std::filesystem::create_directories(dir.file("out/1-127.0.0.1-a"));
  const Finished finished = fetch({url(server, "/a"), url(server, "/b"), "--output", dir.file("out")});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("1 ok, 1 failed"));
  EXPECT_THAT(finished.out, Says("Is a directory"));
  EXPECT_EQ(read_file(dir.file("out/2-127.0.0.1-b")), "x");
}

TEST(LoadFetch, WhatIsReadIsNotReplacedByWhatIsWritten) {
  FakeBackend server(answers(ok("x")));
  TempDir dir;
  const std::string urls = dir.write("urls", url(server) + "\n");
  for (const char* option : {"--results", "--output"}) {
    const Finished finished = fetch({"-f", urls, option, urls});
    EXPECT_EQ(finished.exit, 2);
    EXPECT_THAT(finished.err, Says("would replace " + urls + ", which is to be read"));
  }
  EXPECT_EQ(fetch({url(server), "--cacert", urls, "--results", urls}).exit, 2);
  EXPECT_EQ(read_file(urls), url(server) + "\n");
}

TEST(LoadFetch, ResultsThatCannotBeWrittenFailTheRun) {
  FakeBackend server(answers(ok("x")));
  const Finished finished = fetch({url(server), "--results", "/dev/full"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, Says("cannot write the results: No space left"));
  EXPECT_EQ(fetch({url(server), "--results", "/none/x"}).exit, 1);
}

TEST(LoadFetch, AnEndlessBodyEndsAtItsLimitAndTakesNoMemory) {
  constexpr std::size_t kBlock = 1 << 20;
  constexpr std::size_t kBlocks = 256;
  std::atomic<bool> mostly_read{false};
  FakeBackend server([&](Peer& client) {
    receive_request(client);
    client.send_all("HTTP/1.1 200 OK\r\n\r\n");
    for (std::size_t i = 0;; ++i) {
      client.send_all(std::string(kBlock, 'x'));
      // What the kernel holds between both is far less.
      if (i == kBlocks) mostly_read = true;
    }
    return Leave::close;
  });
  Process fetching("weir-load", {"fetch", url(server)});
  ASSERT_TRUE(wait_until([&] { return mostly_read.load(); }));
  if (!kSanitized) {
    EXPECT_LT(fetching.resident(), 64u << 20);
  }
  fetching.signal(SIGINT);
  EXPECT_EQ(fetching.wait_exit(), 1);

  EXPECT_THAT(fetch({"--max-size", "1m", url(server)}).out, ContainsRegex("^too_large .*more than 1048576 bytes"));
}

TEST(LoadFetch, AnInterruptSumsUpWhatWasDone) {
  FakeBackend quick(answers(ok("x")));
  FakeBackend slow(stalls_after("HTTP/1.1 200 OK\r\n\r\nabc"));
  Process fetching("weir-load", {"fetch", "-c", "1", url(quick), url(slow), url(quick)});
  fetching.wait_for_output_line("^200 ");
  ASSERT_TRUE(wait_until([&] { return slow.accepted() == 1; }));
  fetching.signal(SIGINT);
  EXPECT_EQ(fetching.wait_exit(), 1);
  EXPECT_THAT(fetching.out(), HasSubstr("\ninterrupted "));
  EXPECT_THAT(fetching.out(), Says("2 fetches in "));
  EXPECT_THAT(fetching.out(), Says("interrupted: 1 fetch not begun"));
}

TEST(LoadFetch, NamesAreLookedUpAndTheirAddressesTriedInTurn) {
  NameServer names;
  FakeBackend server(answers(ok("x")));
  names.set_addresses("many.test", {"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  const std::string port = std::to_string(server.endpoint().port());
  std::string list;
  for (int i = 0; i < 10; ++i) list += "http://many.test:" + port + "/\n";
  TempDir dir;
  const Finished finished =
      fetch({"-c", "1", "--dns-servers", names.address(), "-f", dir.write("urls", list), "http://none.test:" + port});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, Says("10 ok, 1 failed"));
  EXPECT_THAT(finished.out, ContainsRegex("dns_failed .*none.test"));
  EXPECT_LE(names.questions("many.test"), 2);  // A and AAAA, once
}

TEST(LoadFetch, ANameWithoutAnAnswerHoldsUpNobody) {
  NameServer names;
  names.set_mood(NameServer::Mood::says_nothing);
  FakeBackend server(answers(ok("x")));
  const Finished finished =
      fetch({"--dns-servers", names.address(), "--connect-timeout", "300ms", "http://slow.test/", url(server)});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.out, testing::StartsWith("200 "));
  EXPECT_THAT(finished.out, ContainsRegex("dns_failed .*no answer in time"));
}

TEST(LoadFetch, UsageErrorsAreTwo) {
  EXPECT_EQ(fetch({"ftp://h/"}).exit, 2);
  EXPECT_EQ(fetch({}).exit, 2);
  EXPECT_EQ(fetch({"-f", "/none"}).exit, 1);
  EXPECT_EQ(fetch({"--help"}).exit, 0);
}

}  // namespace
}  // namespace weir::test
