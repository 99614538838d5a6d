#include "common/tls/libraries.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "common/tls/contexts.hpp"
#include "common/tls/ticket_keys.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/memory_handshake.hpp"

namespace weir::tls {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, Free<SSL_SESSION_free>>;

TEST(Libraries, EachWorkerHasItsOwnAndTheKeysOfTicketsAreCommon) {
  open_libraries(2);
  open_libraries(3);  // once is enough
  ASSERT_EQ(libraries().size(), 2U);

  const test::TempDir dir;
  const test::Authority authority;
  const test::CertificateFiles site = write_files(dir, "site", authority.server({"DNS:a.test"}));
  const test::CertificateFiles own = write_files(dir, "own", authority.client("weir"));
  const std::string ca = dir.write("ca.pem", authority.certificate());
  ServerOptions listener;
  listener.certificates = {{site.certificate, site.key, {}}};
  listener.client_certificates = {
      ClientCertificateOptions::Verify::required, ca, dir.write("crl", authority.revoke({})), {"weir"}};
  ClientOptions upstream;
  upstream.ca = ca;
  upstream.certificate = own.certificate;
  upstream.key = own.key;
  const ServerContexts contexts(listener,
                                std::make_shared<TicketKeys>(TicketKeyOptions{}, std::chrono::steady_clock::now()));
  const ClientContext context(upstream);
  EXPECT_EQ(contexts.certificates().size(), 2U);  // the certificate and the list, each once

  const SslContextPtr anybody = test::bare_client();
  ::SSL_CTX_use_certificate_chain_file(anybody.get(), own.certificate.c_str());
  ::SSL_CTX_use_PrivateKey_file(anybody.get(), own.key.c_str(), SSL_FILETYPE_PEM);
  SessionPtr session;
  for (const std::size_t worker : {std::size_t{0}, std::size_t{1}, std::size_t{5}}) {
    std::thread([&] {
      const SslPtr backend = contexts.make("a.test", worker);
      const SslPtr ours = context.make("a.test", worker);
      EXPECT_TRUE(test::shake_hands(ours.get(), backend.get()).done()) << worker;

      const SslPtr server = contexts.make("a.test", worker);
      const SslPtr client = test::client_end(anybody.get(), "a.test");
      if (session) ::SSL_set_session(client.get(), session.get());
      EXPECT_TRUE(test::shake_hands(client.get(), server.get()).done()) << worker;
      EXPECT_EQ(::SSL_session_reused(client.get()) == 1, session != nullptr) << worker;
      EXPECT_EQ(test::read_tickets(client.get()), "");
      ::SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else it is not taken up again
      session.reset(::SSL_get1_session(client.get()));
    }).join();
  }
}

}  // namespace
}  // namespace weir::tls
