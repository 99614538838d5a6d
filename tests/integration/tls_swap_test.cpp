#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/admin_client.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/tls_site.hpp"

/// Certificates that change under a daemon that serves: as certbot, Kubernetes and people with editors change them.
namespace weir::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// One that the others are told from by its common name.
Certificate version_of(const TlsSite& site, const std::string& name) {
  return site.authority().issue({.names = {"DNS:site.test"}, .common_name = name});
}

class TlsSwap : public testing::Test {
 protected:
  /// An echo with the pair of these paths.
  std::string config(const std::string& certificate, const std::string& key) const {
    return "admin: {bind: '127.0.0.1:0'}\n" +
           echo_config(site.listener_with("{certificate: " + certificate + ", key: " + key + "}"));
  }
  /// An echo with pair.pem and pair.key.
  void start() {
    put("v1");
    daemon.emplace(Daemon::with_config(config(file("pair.pem"), file("pair.key"))));
    ASSERT_EQ(shown(), "v1");
  }
  std::string file(const std::string& name) const { return site.dir().file(name); }
  /// Writes the version beside the pair and renames both files over it.
  void put(const std::string& name) const { put(version_of(site, name)); }
  void put(const Certificate& pair) const {
    site.dir().write("next.key", pair.key);
    site.dir().write("next.pem", pair.certificate);
    fs::rename(file("next.key"), file("pair.key"));
    fs::rename(file("next.pem"), file("pair.pem"));
  }
  /// The version that a new client is shown.
  std::string shown() const { return site.connect(*daemon).peer_name(); }
  bool shows(const std::string& name) const {
    return wait_until([&] { return shown() == name; });
  }
  double reloads(const std::string& result) const {
    double all = 0;
    for (const auto& [series, value] : AdminClient(*daemon).metrics()) {
      if (series.starts_with("weir_tls_certificate_reloads_total{") && series.find(result) != std::string::npos) {
        all += value;
      }
    }
    return all;
  }
  /// That what lies there now was looked at, and not taken.
  void expect_kept(const std::string& name) const {
    EXPECT_TRUE(wait_until([&] { return reloads("failed") > 0; })) << daemon->process().err();
    EXPECT_EQ(shown(), name);
  }

  TlsSite site;
  std::optional<Daemon> daemon;
};

TEST_F(TlsSwap, FilesThatAreRenamedOverThePairAreShown) {
  start();
  TlsPeer before = site.connect(*daemon);
  put("v2");
  EXPECT_TRUE(shows("v2"));
  before.send_all("still here");
  EXPECT_EQ(before.receive_exactly(10), "still here");
  put("v3");
  EXPECT_TRUE(shows("v3"));
  EXPECT_TRUE(wait_until([&] { return reloads("done") >= 2; })) << "they are shown before they are counted";
  EXPECT_EQ(reloads("failed"), 0) << "half of a change is no failure";
}

TEST_F(TlsSwap, FilesThatAreWrittenInPlaceAreShown) {
  start();
  const Certificate next = version_of(site, "v2");
  site.dir().write("pair.key", next.key);
  site.dir().write("pair.pem", next.certificate);
  EXPECT_TRUE(shows("v2"));
}

TEST_F(TlsSwap, AVersionThatKubernetesPutsInPlaceIsShown) {
  int number = 0;
  const auto put_version = [&](const std::string& name) {
    const std::string folder = "..v" + std::to_string(++number);
    fs::create_directories(file("secret/" + folder));
    const Certificate made = version_of(site, name);
    site.dir().write("secret/" + folder + "/tls.crt", made.certificate);
    site.dir().write("secret/" + folder + "/tls.key", made.key);
    fs::create_directory_symlink(folder, file("secret/..data_tmp"));
    fs::rename(file("secret/..data_tmp"), file("secret/..data"));
    if (number > 1) fs::remove_all(file("secret/..v" + std::to_string(number - 1)));
  };
  put_version("v1");
  fs::create_symlink("..data/tls.crt", file("secret/tls.crt"));
  fs::create_symlink("..data/tls.key", file("secret/tls.key"));
  daemon.emplace(Daemon::with_config(config(file("secret/tls.crt"), file("secret/tls.key"))));
  EXPECT_EQ(shown(), "v1");
  for (const char* name : {"v2", "v3", "v4"}) {
    put_version(name);
    EXPECT_TRUE(shows(name));
  }
}

TEST_F(TlsSwap, LinksThatCertbotTurnsAreFollowed) {
  const auto archive = [&](const std::string& name) {
    fs::create_directories(file("archive"));
    fs::create_directories(file("live"));
    const Certificate made = version_of(site, name);
    site.dir().write("archive/" + name + ".pem", made.certificate);
    site.dir().write("archive/" + name + ".key", made.key);
    for (const char* end : {".pem", ".key"}) {
      fs::create_symlink("../archive/" + name + end, file("live/next"));
      fs::rename(file("live/next"), file(std::string("live/site") + end));
    }
  };
  archive("v1");
  daemon.emplace(Daemon::with_config(config(file("live/site.pem"), file("live/site.key"))));
  EXPECT_EQ(shown(), "v1");
  archive("v2");
  EXPECT_TRUE(shows("v2"));
}

TEST_F(TlsSwap, AKeyOfAnotherCertificateChangesNothing) {
  start();
  const Certificate next = version_of(site, "v2");
  site.dir().write("pair.pem", next.certificate);
  expect_kept("v1");
  site.dir().write("pair.key", next.key);
  EXPECT_TRUE(shows("v2"));
}

TEST_F(TlsSwap, AFileThatIsHalfWrittenChangesNothing) {
  start();
  const Certificate next = version_of(site, "v2");
  site.dir().write("pair.pem", next.certificate.substr(0, next.certificate.size() / 2));
  site.dir().write("pair.key", next.key);
  expect_kept("v1");
  site.dir().write("pair.pem", next.certificate);
  EXPECT_TRUE(shows("v2"));
}

TEST_F(TlsSwap, AFileThatIsGoneChangesNothing) {
  start();
  fs::remove(file("pair.pem"));
  expect_kept("v1");
  put("v2");
  EXPECT_TRUE(shows("v2"));
}

TEST_F(TlsSwap, OneThatHasExpiredIsNotTakenForOneThatHasNot) {
  start();
  put(site.authority().issue({.names = {"DNS:site.test"}, .common_name = "expired", .until = -std::chrono::hours(1)}));
  expect_kept("v1");
}

TEST_F(TlsSwap, AReloadReadsThemToo) {
  start();
  put("v2");
  ASSERT_EQ(AdminClient(*daemon).request("POST", "/api/v1/reload").status, 200);
  EXPECT_EQ(shown(), "v2");
  site.dir().write("pair.key", version_of(site, "v3").key);
  const AdminReply reply = AdminClient(*daemon).request("POST", "/api/v1/reload");
  EXPECT_NE(reply.status, 200) << "a configuration that could not start is refused";
  EXPECT_THAT(reply.body, HasSubstr("pair."));
  EXPECT_EQ(shown(), "v2");
}

TEST_F(TlsSwap, NoHandshakeFailsWhileTheyChange) {
  start();
  std::atomic<bool> over{false};
  std::atomic<int> served{0};
  std::mutex mutex;
  std::vector<std::string> failures;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        try {
          TlsPeer client = site.connect(*daemon);
          client.send_all("ping");
          if (client.receive_exactly(4) != "ping") throw std::runtime_error("wrong bytes");
          ++served;
        } catch (const std::exception& error) {
          const std::lock_guard<std::mutex> lock(mutex);
          failures.emplace_back(error.what());
          return;
        }
      }
    });
  }
  const AdminClient admin(*daemon);
  for (int i = 0; i < 40; ++i) {
    const Certificate next = version_of(site, "swap " + std::to_string(i));
    const int before = served;
    switch (i % 4) {
      case 0:
        put(next);
        break;
      case 1:  // half-written, and then whole
        site.dir().write("pair.pem", next.certificate.substr(0, 200));
        wait_until([&] { return served > before + 5 || !failures.empty(); });
        site.dir().write("pair.key", next.key);
        site.dir().write("pair.pem", next.certificate);
        break;
      case 2:  // of a wrong key
        site.dir().write("pair.key", next.key);
        break;
      default:
        put(next);
        EXPECT_EQ(admin.request("POST", "/api/v1/reload").status, 200);
        break;
    }
    EXPECT_TRUE(wait_until([&] { return served > before + 10 || !failures.empty(); }));
  }
  put("last");
  EXPECT_TRUE(shows("last"));
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_THAT(failures, testing::IsEmpty());
}

}  // namespace
}  // namespace weir::test
