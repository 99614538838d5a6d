#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "tests/support/certificates.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/free_ports.hpp"
#include "tests/support/name_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/says.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tls_peer.hpp"

/// `weir-load fetch` over https: against nginx, and against servers whose TLS the tests play.
namespace weir::test {
namespace {

using testing::ContainsRegex;

constexpr const char* kNginx = "/usr/sbin/nginx";

/// nginx with a site over http (port 0) and https (port 1) that has the name `site.test`.
class Nginx : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kNginx)) GTEST_SKIP() << "nginx is not installed (scripts/setup test)";
    const Certificate made = self_signed({"DNS:site.test"});
    certificate_ = dir_.write("certificate.pem", made.certificate);
    names_.set_addresses("site.test", {host()});
    names_.set_addresses("other.test", {host()});
    dir_.write("big", big_);
    dir_.write("small", "small");
    const std::string folder = dir_.path();
    std::string config =
        "daemon off; master_process off; pid " + dir_.file("pid") + "; events {}\nhttp { access_log off;";
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      config += std::string(" ") + kind + "_temp_path " + dir_.file(kind) + ";";
    }
    config += "\nserver { listen " + ports_.endpoint(0).to_string() + "; listen " + ports_.endpoint(1).to_string() +
              " ssl; ssl_certificate " + certificate_ + "; ssl_certificate_key " + dir_.write("key.pem", made.key) +
              "; root " + folder + "; ssi_types *; absolute_redirect off;" +
              " location /moved { return 301 /small; } location /down { return 302 " + plain("/small") + "; }" +
              " location /chunked { ssi on; alias " + dir_.file("big") + "; } } }\n";
    nginx_ = std::make_unique<Process>(
        kNginx, std::vector<std::string>{"-e", dir_.file("errors"), "-c", dir_.write("nginx.conf", config)});
    ASSERT_TRUE(wait_until([&] { return !nginx_->running() || answers(); }));
    ASSERT_TRUE(nginx_->running()) << nginx_->err() << read_file(dir_.file("errors"));
  }

  Finished fetch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"fetch", "--dns-servers", names_.address()});
    return run("weir-load", std::move(arguments));
  }
  /// … that trusts the certificate.
  Finished trusting_fetch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--cacert", certificate_});
    return fetch(std::move(arguments));
  }

  std::string plain(const std::string& path) const { return "http://site.test:" + std::to_string(ports_.at(0)) + path; }
  std::string secure(const std::string& path, const std::string& name = "site.test") const {
    return "https://" + name + ":" + std::to_string(ports_.at(1)) + path;
  }
  const std::string& big() const { return big_; }
  std::string file(const std::string& name) const { return dir_.file(name); }
  std::string host() const { return ports_.range().substr(0, ports_.range().find(':')); }

 private:
  bool answers() const {
    try {
      Peer::connect(ports_.endpoint(1));
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  TempDir dir_;
  FreePorts ports_{2};
  NameServer names_;
  std::string big_ = random_bytes(3'000'000);
  std::string certificate_;
  std::unique_ptr<Process> nginx_;
};

TEST_F(Nginx, ServesBothSchemesAtOnce) {
  const Finished finished = trusting_fetch({plain("/big"), secure("/big"), secure("/chunked"), plain("/chunked"),
                                            "--output", file("out/"), "--results", file("results")});
  EXPECT_EQ(finished.exit, 0) << finished.out << finished.err;
  EXPECT_THAT(finished.out, Says("4 ok, 0 failed"));
  EXPECT_TRUE(read_file(file("out/1-site.test-big")) == big());
  EXPECT_TRUE(read_file(file("out/2-site.test-big")) == big());
  EXPECT_TRUE(read_file(file("out/3-site.test-chunked")) == big());
  EXPECT_TRUE(read_file(file("out/4-site.test-chunked")) == big());
  for (const std::string& line : lines_of(read_file(file("results")))) {
    const boost::json::object result = boost::json::parse(line).as_object();
    EXPECT_EQ(result.at("bytes"), big().size());
    EXPECT_EQ(result.at("tls_ms").is_null(), std::string(result.at("url").as_string()).starts_with("http:"));
  }
}

TEST_F(Nginx, CertificateMustBeTrustedAndForTheHost) {
  const Finished unknown = fetch({secure("/small")});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.out, ContainsRegex("^tls_failed .*self-signed certificate"));
  EXPECT_THAT(trusting_fetch({secure("/small", "other.test")}).out, ContainsRegex("^tls_failed .*hostname mismatch"));
  EXPECT_THAT(trusting_fetch({secure("/small", host())}).out, ContainsRegex("^tls_failed .*IP address mismatch"));
  EXPECT_EQ(fetch({"--insecure", secure("/small"), secure("/small", host())}).exit, 0);
  EXPECT_EQ(fetch({"--cacert", file("none"), secure("/small")}).exit, 1);
}

TEST_F(Nginx, RedirectsLeadOnButNotFromHttpsToHttp) {
  EXPECT_EQ(trusting_fetch({secure("/moved"), plain("/moved")}).exit, 0);
  EXPECT_THAT(trusting_fetch({secure("/down")}).out, ContainsRegex("^bad_redirect .*from https to"));
  EXPECT_EQ(fetch({"--insecure", secure("/down")}).exit, 0);
}

TEST_F(Nginx, SchemesThatDoNotMatchThePortAreNamed) {
  EXPECT_THAT(fetch({"https://site.test" + plain("/small").substr(16)}).out,
              ContainsRegex("^tls_failed .*wrong version number"));
  EXPECT_THAT(fetch({"http://site.test" + secure("/small").substr(17)}).out, testing::StartsWith("400 "));
}

/// What becomes of https to a server that plays `script` after the handshake.
std::string outcome_of(const Certificate& certificate, const std::function<void(TlsPeer&)>& script) {
  FakeBackend server([&](Peer& client) {
    TlsPeer tls(client, certificate);
    tls.receive_until("\r\n\r\n");
    script(tls);
    return Leave::close;
  });
  TempDir dir;
  return run("weir-load",
             {"fetch", "--cacert", dir.write("ca", certificate.certificate), "https://" + server.address()})
      .out;
}

TEST(LoadFetchTls, AnEndWithoutCloseNotifyCutsOnlyABodyThatEndsWithTheConnection) {
  const Certificate certificate = self_signed({"IP:127.0.0.1"});
  const std::string by_close = "HTTP/1.1 200 OK\r\n\r\nabc";
  EXPECT_THAT(outcome_of(certificate, [&](TlsPeer& tls) { tls.send_all(by_close); }),
              ContainsRegex("^closed_early .*in the body after 3 bytes"));
  EXPECT_THAT(outcome_of(certificate,
                         [&](TlsPeer& tls) {
                           tls.send_all(by_close);
                           tls.close_notify();
                         }),
              testing::StartsWith("200 "));
  EXPECT_THAT(
      outcome_of(certificate, [](TlsPeer& tls) { tls.send_all("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"); }),
      testing::StartsWith("200 "));
}

TEST(LoadFetchTls, AnExpiredCertificateIsNamed) {
  const Certificate expired = self_signed({"IP:127.0.0.1"}, -std::chrono::hours(1));
  EXPECT_THAT(outcome_of(expired, [](TlsPeer&) {}), ContainsRegex("^tls_failed .*certificate has expired"));
}

TEST(LoadFetchTls, AHandshakeThatIsNeverAnsweredIsAConnectTimeout) {
  FakeBackend silent(never_answers());
  FakeBackend closing(closes_at_once());
  EXPECT_THAT(run("weir-load", {"fetch", "--connect-timeout", "300ms", "https://" + silent.address()}).out,
              ContainsRegex("^connect_timeout .*in the TLS handshake"));
  EXPECT_THAT(run("weir-load", {"fetch", "https://" + closing.address()}).out, testing::StartsWith("tls_failed"));
}

}  // namespace
}  // namespace weir::test
