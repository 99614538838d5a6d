#include "common/tls/engine.hpp"

#include <gmock/gmock.h>
#include <openssl/bio.h>

#include <string>

#include "common/tls/contexts.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir::tls {
namespace {

using Status = Engine::Status;

/// A server's end in memory, moved by hand.
class Server {
 public:
  explicit Server(SslPtr ssl) : ssl_(std::move(ssl)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }

  void take(const std::string& records) { BIO_write(in_, records.data(), static_cast<int>(records.size())); }
  std::string due() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  SSL* ssl() { return ssl_.get(); }

 private:
  SslPtr ssl_;
  BIO* in_;
  BIO* out_;
};

class TlsEngine : public testing::Test {
 protected:
  Engine client(const std::string& name) const {
    ClientOptions options;
    options.ca = ca_;
    return Engine(ClientContext(options).make(name));
  }
  Server server() const {
    ServerOptions options;
    options.certificates.push_back({.certificate = files_.certificate, .key = files_.key, .names = {}});
    return Server(ServerContexts(options, nullptr).make(""));
  }
  /// Moves the records one byte at a time, if `by` is 1.
  static Status shake_hands(Engine& client, Server& server, std::size_t by) {
    for (int flight = 0; flight < 10; ++flight) {
      const Status status = client.handshake();
      server.take(client.due());
      if (status != Status::waiting) return status;
      SSL_do_handshake(server.ssl());
      const std::string records = server.due();
      for (std::size_t at = 0; at < records.size(); at += by) {
        client.take(std::string_view(records).substr(at, by));
        if (at + by < records.size() && client.handshake() != Status::waiting) break;
      }
    }
    return Status::waiting;
  }

  const test::TempDir dir_;
  const test::Authority authority_;
  const std::string ca_ = dir_.write("ca.pem", authority_.certificate());
  const test::CertificateFiles files_ = test::write_files(dir_, "site", authority_.server({"DNS:site.test"}));
};

TEST_F(TlsEngine, SpeaksWithAServerHoweverItsBytesAreCut) {
  for (const std::size_t by : {std::size_t{1}, std::size_t{100'000}}) {
    Engine one = client("site.test");
    Server other = server();
    ASSERT_EQ(shake_hands(one, other, by), Status::done) << one.problem();
    SSL_do_handshake(other.ssl());
    EXPECT_EQ(one.write("question"), Status::done);
    other.take(one.due());
    char text[64];
    ASSERT_EQ(SSL_read(other.ssl(), text, sizeof text), 8);
    SSL_write(other.ssl(), "answer", 6);
    one.take(other.due());
    std::string answer;
    EXPECT_EQ(one.read(answer), Status::waiting);
    EXPECT_EQ(answer, "answer");
    SSL_shutdown(other.ssl());
    one.take(other.due());
    EXPECT_EQ(one.read(answer), Status::ended);
    one.finish();
    other.take(one.due());
    EXPECT_EQ(SSL_shutdown(other.ssl()), 1) << "close_notify came back";
  }
}

TEST_F(TlsEngine, SaysWhyACertificateIsNotTrusted) {
  Engine one = client("other.test");
  Server other = server();
  EXPECT_EQ(shake_hands(one, other, 100'000), Status::failed);
  EXPECT_THAT(one.problem(), testing::StartsWith("its certificate is not trusted: "));
}

TEST_F(TlsEngine, FailsOnWhatIsNoTls) {
  Engine one = client("site.test");
  EXPECT_EQ(one.handshake(), Status::waiting);
  one.take("220 mail.example ESMTP\r\n");
  EXPECT_EQ(one.handshake(), Status::failed);
  EXPECT_NE(one.problem(), "");
}

}  // namespace
}  // namespace weir::tls
