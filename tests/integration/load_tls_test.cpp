// weir-load over TLS: against the daemon, which terminates it, and against peers that break it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/checkout.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/process.hpp"
#include "tests/support/says.hpp"
#include "tests/support/tls_site.hpp"

namespace weir::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLength = 64;

/// site.test, which the daemon echoes for, and whoever else a test plays with the same certificate.
class LoadTls : public testing::Test {
 protected:
  /// `arguments` begin with the verb; what makes TLS of it comes behind that.
  static std::vector<std::string> over_tls(std::vector<std::string> arguments, const std::vector<std::string>& tls) {
    arguments.insert(arguments.begin() + 1, "--tls");
    arguments.insert(arguments.begin() + 2, tls.begin(), tls.end());
    return arguments;
  }
  std::vector<std::string> trusting() const { return {"--cacert", site_.ca(), "--sni", "site.test"}; }
  LoadRun load(std::vector<std::string> arguments) const {
    return run_load(over_tls(std::move(arguments), trusting()));
  }

  Daemon serve(const std::string& more = "") const { return Daemon::with_config(echo_config(site_.listener(more))); }
  /// A server that plays this once its handshake is done.
  FakeBackend::Script plays(std::function<void(TlsPeer&)> script) const {
    return [this, script = std::move(script)](Peer& client) {
      TlsPeer tls(client, TlsRole::server, {.certificate = site_.certificate()});
      script(tls);
      return Leave::close;
    };
  }

  TlsSite site_;
};

TEST_F(LoadTls, EveryByteOfEveryReplyIsChecked) {
  const Daemon daemon = serve();
  const LoadRun run =
      load({"echo", "-c", "3", "-n", "900", "--pipeline", "16", "-l", "1:50,2-100:30,100k:20", daemon.addresses()[0]});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/requests/completed"), 900u);
  EXPECT_EQ(run.number("/latency/connect/count"), 3u);
  EXPECT_EQ(run.number("/latency/handshake/count"), 3u);
  EXPECT_EQ(run.number("/tls/handshakes"), 3u);
  EXPECT_THAT(run.report.at_pointer("/tls/agreed").as_string().c_str(), StartsWith("TLSv1.3, TLS_"));
  EXPECT_THAT(run.err, AllOf(Says("over TLS"), Says("handshake "), HasSubstr("TLSv1.3")));
}

TEST_F(LoadTls, MessagesLargerThanEveryBufferGoThrough) {
  const Daemon daemon = serve();
  const LoadRun run = load({"echo", "-c", "2", "-n", "6", "-l", "16m", daemon.addresses()[0]});
  EXPECT_EQ(run.exit, 0) << run.err;
}

TEST_F(LoadTls, WrongByteIsFoundInItsRecord) {
  const FakeBackend server(plays([](TlsPeer& tls) {
    std::string message = tls.receive_exactly(kLength);
    message[40] = static_cast<char>(message[40] ^ 1);
    tls.send_all(message);
    tls.receive_until_end();
  }));
  const LoadRun run = load({"echo", "-c", "1", "-n", "1", server.address()});
  EXPECT_EQ(run.exit, 4) << run.err;
  EXPECT_EQ(run.failures("corrupt"), 1u);
}

TEST_F(LoadTls, ConnectMeasuresFullHandshakes) {
  const Daemon daemon = serve();
  for (const char* close : {"fin", "rst"}) {
    const LoadRun run = load({"connect", "-c", "2", "-n", "20", "--close", close, daemon.addresses()[0]});
    EXPECT_EQ(run.exit, 0) << run.err;
    EXPECT_EQ(run.number("/tls/handshakes"), 20u);
    EXPECT_EQ(run.number("/tls/resumed"), 0u);
    EXPECT_GT(run.report.at_pointer("/tls/handshakes_per_s").to_number<double>(), 0);
    EXPECT_EQ(run.number("/latency/handshake/count"), 20u);
  }
}

TEST_F(LoadTls, EachSlotResumesTheSessionOfItsConnectionBefore) {
  const Daemon daemon = serve();
  const std::vector<std::vector<std::string>> shapes{{}, {"--close", "rst"}, {"--no-exchange"}};
  for (const std::vector<std::string>& shape : shapes) {
    std::vector<std::string> arguments{"connect", "--resume", "-t", "1", "-c", "2", "-n", "20"};
    arguments.insert(arguments.end(), shape.begin(), shape.end());
    arguments.push_back(daemon.addresses()[0]);
    const LoadRun run = load(arguments);
    EXPECT_EQ(run.exit, 0) << run.err;
    EXPECT_EQ(run.number("/tls/handshakes"), 2u) << testing::PrintToString(shape);
    EXPECT_EQ(run.number("/tls/resumed"), 18u) << testing::PrintToString(shape);
    EXPECT_EQ(run.number("/latency/resumed/count"), 18u);
  }
}

TEST_F(LoadTls, ConnectionsOpenedAnewResumeTheirSession) {
  const Daemon daemon = serve();
  const LoadRun run =
      load({"echo", "--resume", "-c", "2", "-n", "100", "--reconnect-every", "10", daemon.addresses()[0]});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/tls/handshakes"), 2u);
  EXPECT_GE(run.number("/tls/resumed"), 8u) << "those that were opened anew";
}

TEST_F(LoadTls, ReportSaysWhereNoSessionIsResumed) {
  // Each of its connections has a context of its own, and so keys of its own for tickets.
  const FakeBackend server(plays([](TlsPeer& tls) {
    tls.send_all(tls.receive_exactly(kLength));
    tls.receive_until_end();
    tls.finish();
  }));
  const LoadRun run = load({"connect", "--resume", "-c", "1", "-n", "5", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.number("/tls/handshakes"), 5u);
  EXPECT_THAT(run.err, Says("the target resumes no session"));
}

TEST_F(LoadTls, CertificateThatNobodyVouchesForIsRefusedAndTheRemedyNamed) {
  const Daemon daemon = serve();
  const LoadRun run = run_load(over_tls({"echo", "-c", "1", "-n", "1", daemon.addresses()[0]}, {"--sni", "site.test"}));
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.failures("tls_untrusted"), 1u) << run.err;
  EXPECT_THAT(run.err, AllOf(Says("--cacert FILE"), HasSubstr("--insecure"), Says("is not trusted: ")));
  const LoadRun other = run_load(
      over_tls({"echo", "-c", "1", "-n", "1", daemon.addresses()[0]}, {"--cacert", site_.ca(), "--sni", "other.test"}));
  EXPECT_EQ(other.failures("tls_untrusted"), 1u);
  EXPECT_THAT(other.err, Says("hostname mismatch"));
  const LoadRun blind = run_load(over_tls({"echo", "-c", "1", "-n", "1", daemon.addresses()[0]}, {"--insecure"}));
  EXPECT_EQ(blind.exit, 0) << blind.err;
}

TEST_F(LoadTls, TargetThatSpeaksNoTlsIsToldFromOneThatSaysNothing) {
  const FakeBackend plain(echoes());
  EXPECT_EQ(load({"echo", "-c", "1", "-n", "1", plain.address()}).failures("tls_handshake"), 1u);
  const FakeBackend closing(closes_at_once());
  const LoadRun closed = load({"connect", "-c", "1", "-n", "1", closing.address()});
  EXPECT_EQ(closed.failures("tls_handshake") + closed.failures("reset"), 1u) << closed.err;
  const FakeBackend silent(never_answers());
  EXPECT_EQ(load({"echo", "-c", "1", "-n", "1", "--timeout", "200ms", silent.address()}).failures("tls_timeout"), 1u);
}

TEST_F(LoadTls, CertificateOfTheClientIsShown) {
  const Daemon daemon = serve("client_certificates: {verify: required, ca: " + site_.ca() + "}");
  const LoadRun without = load({"echo", "-c", "1", "-n", "1", daemon.addresses()[0]});
  EXPECT_EQ(without.exit, 1);
  EXPECT_GE(without.failures("tls_alert"), 1u) << without.err;
  EXPECT_THAT(without.err, AllOf(Says("--cert and --key"), HasSubstr("certificate_required")));
  const CertificateFiles own = write_files(site_.dir(), "client", site_.authority().client("tester"));
  const LoadRun with_it =
      load({"echo", "-c", "1", "-n", "10", "--cert", own.certificate, "--key", own.key, daemon.addresses()[0]});
  EXPECT_EQ(with_it.exit, 0) << with_it.err;
}

TEST_F(LoadTls, ProtocolIsOffered) {
  const Daemon daemon = serve("alpn: [two]");
  const LoadRun run = load({"echo", "-c", "1", "-n", "1", "--alpn", "one,two", daemon.addresses()[0]});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_THAT(run.report.at_pointer("/tls/agreed").as_string().c_str(), HasSubstr("ALPN two"));
}

TEST_F(LoadTls, FinWithoutCloseNotifyIsATruncation) {
  const auto answers = [this](std::size_t bytes, bool close_notify) {
    return plays([bytes, close_notify](TlsPeer& tls) {
      tls.send_all(tls.receive_exactly(kLength).substr(0, bytes));
      close_notify ? tls.finish() : tls.fin();
      tls.receive_until_end();
    });
  };
  const auto ended = [this](FakeBackend::Script script) {
    const FakeBackend server(std::move(script));
    return load({"connect", "-c", "1", "-n", "1", server.address()});
  };
  EXPECT_EQ(ended(answers(kLength, true)).exit, 0);
  const LoadRun behind = ended(answers(kLength, false));
  EXPECT_EQ(behind.exit, 1);
  EXPECT_EQ(behind.failures("tls_truncated"), 1u) << behind.err;
  const LoadRun amid = ended(answers(40, false));
  EXPECT_EQ(amid.exit, 1) << "nobody vouched for that end";
  EXPECT_EQ(amid.failures("tls_truncated"), 1u) << amid.err;
  const LoadRun short_reply = ended(answers(40, true));
  EXPECT_EQ(short_reply.exit, 4);
  EXPECT_EQ(short_reply.failures("cut_short"), 1u) << short_reply.err;
}

TEST_F(LoadTls, BrokenRecordIsTold) {
  const FakeBackend server(plays([](TlsPeer& tls) {
    tls.receive_exactly(kLength);
    std::string record = tls.seal("what was sealed");
    record.back() = static_cast<char>(record.back() ^ 1);
    tls.socket().send_all(record);
    tls.receive_until_end();
  }));
  const LoadRun run = load({"echo", "-c", "1", "-n", "1", server.address()});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.failures("tls_broken"), 1u) << run.err;
}

TEST_F(LoadTls, NewKeysAmidTheRepliesAreTaken) {
  const FakeBackend server(plays([](TlsPeer& tls) {
    for (;;) {
      const std::string message = tls.receive_exactly(kLength);
      tls.update_keys(true);
      tls.send_all(message);
    }
  }));
  const LoadRun run = load({"connect", "--close", "rst", "-c", "1", "-n", "20", server.address()});
  EXPECT_EQ(run.exit, 0) << run.err;
}

TEST_F(LoadTls, ProcessesAndNewcomersSpeakItToo) {
  const Daemon daemon = serve();
  const LoadRun run = load(
      {"echo", "--processes", "2", "-c", "4", "-d", "500ms", "--newcomers", "20", "--resume", daemon.addresses()[0]});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_GT(run.number("/connections/newcomers"), 0u);
  EXPECT_EQ(run.number("/latency/handshake/count") + run.number("/latency/resumed/count"),
            run.number("/latency/connect/count"));
}

TEST_F(LoadTls, ComparisonOfTwoWaysHasTheHandshakes) {
  const Daemon daemon = serve();
  const std::string address = daemon.addresses()[0];
  const LoadRun run = load({"ab", "--anyway", "--a", address, "--b", address, "-c", "2", "-d", "2s", "--block", "100ms",
                            "--reconnect-every", "5"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_GT(run.number("/a/handshake/count"), 0u);
  EXPECT_THAT(boost::json::serialize(run.report.at("differences")), HasSubstr("handshake p50"));
}

TEST_F(LoadTls, StreamIsCheckedByPosition) {
  const Daemon daemon = serve();
  const LoadRun both = load({"stream", "-c", "2", "-d", "300ms", daemon.addresses()[0]});
  EXPECT_EQ(both.exit, 0) << both.err;
  EXPECT_GT(both.number("/up/bytes"), 0u);
  EXPECT_EQ(both.report.at_pointer("/streams/0/far_end").as_string(), "echo");
  EXPECT_EQ(both.number("/streams/0/received_bytes"), both.number("/streams/0/sent_bytes"));
  const FakeBackend cutting(plays([](TlsPeer& tls) {
    tls.receive_until_close_notify();
    tls.fin();
  }));
  const LoadRun cut = load({"stream", "-d", "100ms", cutting.address()});
  EXPECT_EQ(cut.exit, 1);
  EXPECT_EQ(cut.failures("tls_truncated"), 1u) << cut.err;
}

TEST_F(LoadTls, StreamGoesBothWaysThroughADaemonThatTerminates) {
  Process far_end("weir-load", {"stream", "--serve", "127.0.0.1:0"});
  const std::string line = far_end.wait_for_error_line("listening on ");
  const Daemon daemon = Daemon::with_config(proxy_config({line.substr(line.rfind(' ') + 1)}, site_.listener()));
  for (const char* direction : {"up", "down", "both"}) {
    const LoadRun run = load({"stream", "--direction", direction, "-c", "2", "-d", "300ms", daemon.addresses()[0]});
    EXPECT_EQ(run.exit, 0) << direction << run.err;
    EXPECT_EQ(run.report.at_pointer("/streams/0/far_end").as_string(), "serve");
  }
}

TEST_F(LoadTls, IdleTellsHowTheOtherSideEnded) {
  const FakeBackend closing(plays([](TlsPeer& tls) { tls.finish(); }));
  EXPECT_EQ(load({"idle", "-c", "3", closing.address()}).number("/ends/fin"), 3u);
  const FakeBackend cutting(plays([](TlsPeer& tls) { tls.fin(); }));
  const LoadRun cut = load({"idle", "-c", "2", cutting.address()});
  EXPECT_EQ(cut.number("/ends/truncated"), 2u) << cut.err;
  const Daemon daemon = serve();
  const LoadRun held = load({"idle", "-c", "5", "-d", "200ms", daemon.addresses()[0]});
  EXPECT_EQ(held.exit, 0) << held.err;
  EXPECT_EQ(held.number("/ends/open"), 5u);
  const LoadRun untrusted = run_load(over_tls({"idle", "-c", "2", daemon.addresses()[0]}, {}));
  EXPECT_EQ(untrusted.exit, 1);
  EXPECT_EQ(untrusted.failures("tls_untrusted"), 2u);
  EXPECT_THAT(untrusted.err, AllOf(Says("--cacert FILE"), Says("is not trusted: ")));
}

TEST_F(LoadTls, ChatSpeaksIt) {
  const Daemon daemon = serve();
  const std::string address = daemon.addresses()[0];
  const std::string program = built_program("weir-load");
  const auto chat = [&](const std::string& options) {
    return run("/bin/sh", {"-c", "printf 'hello\\nworld\\n' | " + program + " chat --tls " + options + " " + address});
  };
  const Finished finished = chat("--sni site.test --cacert " + site_.ca());
  EXPECT_EQ(finished.exit, 0) << finished.err;
  EXPECT_EQ(finished.out, "hello\nworld\n");
  const Finished untrusted = chat("--sni site.test");
  EXPECT_EQ(untrusted.exit, 1);
  EXPECT_THAT(untrusted.err, AllOf(Says("no TLS with"), Says("--cacert FILE"), HasSubstr("--insecure")));
  const FakeBackend cutting(plays([](TlsPeer& tls) {
    tls.receive_until_close_notify();
    tls.fin();
  }));
  const Finished cut = run("weir-load", {"chat", "--tls", "--insecure", cutting.address()});
  EXPECT_EQ(cut.exit, 1);
  EXPECT_THAT(cut.err, Says("without close_notify"));
}

TEST_F(LoadTls, FileThatIsNoCertificateIsNamed) {
  const std::string nonsense = site_.dir().write("nonsense.pem", "nonsense\n");
  const Finished finished = run("weir-load", {"echo", "--tls", "--cacert", nonsense, "127.0.0.1:1"});
  EXPECT_EQ(finished.exit, 1);
  EXPECT_THAT(finished.err, HasSubstr(nonsense));
}

}  // namespace
}  // namespace weir::test
