#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "tests/allocation/failing_allocator.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/data_plane.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/process.hpp"
#include "tests/support/record.hpp"
#include "tests/support/temp_dir.hpp"

/// Who finds no memory on the way to being served gets a RST and one record, whichever allocation it is that fails; and
/// the daemon goes on.
namespace weir {
namespace {

using test::Ending;
using test::Peer;

/// Whose allocations may be made to fail, on the thread of a worker.
class DataPlane : public test::DataPlane {
 public:
  using test::DataPlane::DataPlane;

  /// test::fail_allocation() on the thread of that worker.
  bool fail_allocation(std::size_t worker, std::size_t nth) {
    return on_worker(worker, [nth] { return test::fail_allocation(nth); });
  }
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator open("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

/// Sends what the last byte of is answered. Returns how the connection ended instead, if it did.
std::optional<Ending> ending_instead_of_answer(const Peer& client, const std::string& bytes) {
  // Whichever call comes first after a RST says so, and only that one.
  if (::send(client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
    return errno == EPIPE ? Ending::fin : Ending::reset;
  }
  char byte = 0;
  const ssize_t got = ::recv(client.fd(), &byte, 1, 0);
  if (got == 1) return std::nullopt;
  return got == 0 ? Ending::fin : Ending::reset;
}

class Exhaustion : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::kSanitized) GTEST_SKIP() << "a sanitizer has its own malloc(3)";
  }

  /// Lets each allocation of a worker's thread fail in turn, of those that it makes until a client has its first
  /// answer, each in a data plane of its own. `before` other clients are served first. Returns how many were refused.
  std::size_t refuse_each(const std::string& config, std::size_t workers, std::size_t failing, std::size_t before) {
    const std::size_t descriptors = open_descriptors();
    std::size_t refused = 0;
    for (std::size_t nth = 1; nth < 1000; ++nth) {
      const std::string records = dir_.file("records-" + std::to_string(nth));
      bool failed = false;
      std::optional<Ending> ending;
      {
        DataPlane plane(config + "access_log: {format: json, file: '" + records + "'}\n", workers);
        std::vector<Peer> others;
        for (std::size_t i = 0; i < before; ++i) {
          others.push_back(plane.connect());
          EXPECT_EQ(ending_instead_of_answer(others.back(), sent_), std::nullopt);
        }
        plane.fail_allocation(failing, nth);
        const Peer client = plane.connect();
        ending = ending_instead_of_answer(client, sent_);
        failed = plane.fail_allocation(failing, 0);
        if (ending) {
          ++refused;
          EXPECT_TRUE(failed) << nth;
          if (client_sees_resets_) {
            EXPECT_EQ(*ending, Ending::reset) << nth;
          }
          EXPECT_TRUE(test::wait_until([&] { return plane.active() == before; })) << nth;
          EXPECT_EQ(plane.ended(SessionEnd::refused_resources), 1u) << nth;
        }
        EXPECT_EQ(ending_instead_of_answer(plane.connect(), sent_), std::nullopt) << nth << ": it no longer serves";
      }
      EXPECT_TRUE(test::wait_until([&] { return open_descriptors() <= descriptors; })) << nth << ": one has leaked";
      std::size_t recorded = 0;
      for (const std::string& line : test::lines_of(test::read_file(records))) {
        if (test::Record(line).end() == "refused_resources") ++recorded;
      }
      EXPECT_EQ(recorded, ending ? 1u : 0u) << nth;
      if (!failed || HasFailure()) break;
    }
    return refused;
  }

  const test::TempDir dir_;
  bool client_sees_resets_ = true;
  std::string sent_ = "x";
};

TEST_F(Exhaustion, OnTheWayToTheServiceIsAReset) { EXPECT_GE(refuse_each(test::echo_config(), 1, 0, 0), 3u); }

TEST_F(Exhaustion, WhereAProxyHeaderIsDueToo) {
  sent_ = "PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\nx";
  EXPECT_GE(refuse_each(test::echo_config("accept_proxy_protocol: required"), 1, 0, 0), 3u);
}

TEST_F(Exhaustion, OfTheWorkerThatHandsAConnectionOver) {
  client_sees_resets_ = false;  // unix sockets have none
  const std::string config = "listeners: [{name: echo, bind: 'unix:" + dir_.file("echo.sock") + "', echo: {}}]\n";
  EXPECT_GE(refuse_each(config, 2, 0, 2), 1u);
}

TEST_F(Exhaustion, OfTheWorkerThatItIsHandedTo) {
  client_sees_resets_ = false;
  const std::string config = "listeners: [{name: echo, bind: 'unix:" + dir_.file("echo.sock") + "', echo: {}}]\n";
  EXPECT_GE(refuse_each(config, 2, 1, 2), 3u);
}

/// Answers a client's byte and notes how connections end.
class NotingBackend {
 public:
  std::string address() const { return backend_.address(); }
  /// How those ended that never brought a client's byte, once all have that came.
  std::vector<Ending> endings() {
    test::wait_until([this] {
      const std::lock_guard lock(mutex_);
      return ended_ == backend_.accepted();
    });
    const std::lock_guard lock(mutex_);
    return endings_;
  }

 private:
  test::Leave play(Peer& peer) {
    char byte = 0;
    ssize_t got = 0;
    while (byte != 'x' && (got = ::recv(peer.fd(), &byte, 1, 0)) == 1) {
    }
    if (got == 1) {
      peer.send_all("x");
      peer.receive_until_end();
    }
    const std::lock_guard lock(mutex_);
    ++ended_;
    if (got != 1) endings_.push_back(got == 0 ? Ending::fin : Ending::reset);
    return test::Leave::close;
  }

  std::mutex mutex_;
  std::size_t ended_ = 0;
  std::vector<Ending> endings_;
  test::FakeBackend backend_{[this](Peer& peer) { return play(peer); }};
};

TEST_F(Exhaustion, OfAProxyResetsTheBackendToo) {
  NotingBackend backend;
  EXPECT_GE(refuse_each(test::proxy_config({backend.address()}, "", "send_proxy_protocol: v1"), 1, 0, 0), 6u);
  const std::vector<Ending> endings = backend.endings();
  EXPECT_GE(endings.size(), 1u) << "none failed once it was connected";
  EXPECT_EQ(std::count(endings.begin(), endings.end(), Ending::reset), static_cast<std::ptrdiff_t>(endings.size()));
}

}  // namespace
}  // namespace weir
