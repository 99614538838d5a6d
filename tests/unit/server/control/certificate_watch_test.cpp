#include "server/control/certificate_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "common/tls/renewable.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/no_descriptors.hpp"
#include "tests/support/wait_until.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CertificateWatchTest : public testing::Test {
 protected:
  /// A folder with a pair in it, for this name.
  void put(const std::string& folder, const std::string& name) const {
    const test::Certificate made = authority.server({"DNS:" + name});
    fs::create_directory(dir.path() / folder);
    dir.write(folder + "/tls.crt", made.certificate);
    dir.write(folder + "/tls.key", made.key);
  }
  void begin(std::chrono::milliseconds look_interval = 1h) {
    options.certificates = {{dir.file("live/tls.crt"), dir.file("live/tls.key"), {}}};
    termination = std::make_shared<tls::Termination>("listener \"a\"", options, tickets);
    watch.emplace(CertificateWatch::Parts{context, tickets, look_interval});
    watch->watch({termination});
  }
  std::string name() const { return watch->certificates().at(0).name; }
  bool wait_until(std::predicate auto&& condition) {
    return test::wait_until([&] {
      context.restart();
      context.poll();
      return condition();
    });
  }

  const test::TempDir dir;
  const test::Authority authority;
  boost::asio::io_context context;
  tls::ServerOptions options;
  std::shared_ptr<tls::TicketKeys> tickets =
      std::make_shared<tls::TicketKeys>(tls::TicketKeyOptions{}, std::chrono::steady_clock::now());
  std::shared_ptr<tls::Termination> termination;
  std::optional<CertificateWatch> watch;
};

TEST_F(CertificateWatchTest, FilesThatAreWrittenInPlaceAreReadAgain) {
  put("live", "a.test");
  begin();
  put("live", "b.test");
  EXPECT_TRUE(wait_until([&] { return watch->renewed() == 1; }));
  EXPECT_EQ(name(), "b.test");
}

TEST_F(CertificateWatchTest, ALinkThatIsExchangedIsFollowedAsKubernetesDoes) {
  put("one", "a.test");
  put("two", "b.test");
  put("three", "c.test");
  fs::create_directory(dir.path() / "live");
  fs::create_symlink("../one", dir.file("live/..data"));
  for (const char* file : {"tls.crt", "tls.key"}) {
    fs::create_symlink(fs::path("..data") / file, dir.path() / "live" / file);
  }
  begin();
  for (const auto& [folder, expected] : {std::pair("../two", "b.test"), std::pair("../three", "c.test")}) {
    fs::create_symlink(folder, dir.file("live/..tmp"));
    fs::rename(dir.file("live/..tmp"), dir.file("live/..data"));
    EXPECT_TRUE(wait_until([&, e = expected] { return name() == e; }));
  }
  EXPECT_EQ(watch->refused(), 0U);
}

TEST_F(CertificateWatchTest, LinksToFilesThatAreExchangedOneByOneAreFollowedAsCertbotDoes) {
  put("one", "a.test");
  put("two", "b.test");
  fs::create_directory(dir.path() / "live");
  for (const char* file : {"tls.crt", "tls.key"}) {
    fs::create_symlink(dir.path() / "one" / file, dir.path() / "live" / file);
  }
  begin();
  for (const char* file : {"tls.crt", "tls.key"}) {
    fs::remove(dir.path() / "live" / file);
    fs::create_symlink(dir.path() / "two" / file, dir.path() / "live" / file);
  }
  EXPECT_TRUE(wait_until([&] { return name() == "b.test"; }));
}

TEST_F(CertificateWatchTest, WhatDoesNotFitIsRefusedOnceAndTheOldStays) {
  put("live", "a.test");
  begin();
  const test::Certificate next = authority.server({"DNS:b.test"});
  dir.write("live/tls.crt", next.certificate);
  EXPECT_TRUE(wait_until([&] { return watch->refused() == 1; }));
  EXPECT_EQ(name(), "a.test");
  dir.write("live/tls.key", next.key);
  EXPECT_TRUE(wait_until([&] { return name() == "b.test"; }));
  EXPECT_EQ(watch->refused(), 1U);
}

TEST_F(CertificateWatchTest, WhatHasChangedBeforeItBeganIsSeen) {
  put("live", "a.test");
  options.certificates = {{dir.file("live/tls.crt"), dir.file("live/tls.key"), {}}};
  termination = std::make_shared<tls::Termination>("listener \"a\"", options, nullptr);
  put("live", "b.test");
  watch.emplace(CertificateWatch::Parts{context, nullptr});
  watch->watch({termination});
  EXPECT_TRUE(wait_until([&] { return name() == "b.test"; }));
}

TEST_F(CertificateWatchTest, WithoutInotifyTheFilesAreLookedAtNowAndThen) {
  const boost::asio::steady_timer any(context);  // the context has its own descriptors from now on
  put("live", "a.test");
  options.certificates = {{dir.file("live/tls.crt"), dir.file("live/tls.key"), {}}};
  termination = std::make_shared<tls::Termination>("listener \"a\"", options, nullptr);
  {
    const test::NoDescriptors none;
    watch.emplace(CertificateWatch::Parts{context, nullptr, 20ms});
  }
  watch->watch({termination});
  put("live", "b.test");
  EXPECT_TRUE(wait_until([&] { return name() == "b.test"; }));
}

TEST_F(CertificateWatchTest, KeysOfTicketsAreRotated) {
  put("live", "a.test");
  tickets = std::make_shared<tls::TicketKeys>(tls::TicketKeyOptions{.file = {}, .rotate = 10ms},
                                              std::chrono::steady_clock::now());
  const auto first = *tickets->next_rotation();
  begin();
  EXPECT_TRUE(wait_until([&] { return *tickets->next_rotation() > first; }));
}

TEST_F(CertificateWatchTest, ItEndsWhileItReads) {
  put("live", "a.test");
  begin();
  watch.reset();
  context.restart();
  context.poll();
}

}  // namespace
}  // namespace weir
