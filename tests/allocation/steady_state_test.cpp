#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <memory>
#include <thread>

#include "server/config/config_loader.hpp"
#include "server/prepare_upstream.hpp"
#include "server/session/run_session.hpp"
#include "server/upstream/upstream.hpp"
#include "tests/allocation/failing_allocator.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"

/// No allocation while a connection's bytes move: every allocation of the worker's thread is counted.

namespace weir {
namespace {

using test::Peer;

/// A worker's thread with one listener, in this process.
class SteadyState : public ::testing::Test {
 protected:
  SteadyState()
      : config_(load_config_text(test::proxy_config({backend_.address()}) + "access_log: {enabled: false}", "test")),
        upstream_(
            std::make_shared<Upstream>(prepare_upstream(std::make_shared<const UpstreamConfig>(config_.upstreams[0])))),
        access_log_(config_.access_log, 1),
        thread_([this] { loop_.run(); }) {}

  void SetUp() override {
    if (test::kSanitized) GTEST_SKIP() << "a sanitizer has its own malloc(3)";
    ASSERT_GT(test::allocations(), 0u) << "nothing is counted";
  }

  ~SteadyState() override {
    loop_.stop();
    thread_.join();
  }

  /// A client of a session that runs on the worker's thread.
  Peer connect(Service service) {
    const auto listener = std::make_shared<Listener>(config_.listeners[0], std::move(service), admission_, sources_, 1);
    Peer client = Peer::connect(near_.endpoint());
    Endpoint peer;
    socklen_t length = Endpoint::capacity();
    io::StreamSocket socket(io::Descriptor(::accept4(near_.fd(), peer.data(), &length, SOCK_NONBLOCK | SOCK_CLOEXEC)));
    peer.resize(length);
    loop_.post([this, listener, arrival = Arrival{std::move(socket), ClientAddress(peer)}]() mutable {
      SessionStart start{new ListenerContext(resources_, listener, 0), loop_.acquire(1), std::move(arrival)};
      loop_.spawn(run_session(start), [](const std::exception_ptr&) {});
    });
    return client;
  }

  /// What the worker's thread allocated so far, once it has done all that was asked of it before.
  std::size_t allocated() {
    std::promise<std::size_t> count;
    // What this post allocates is freed and allocated by the posting thread.
    loop_.post([&count] { count.set_value(test::allocations()); });
    return count.get_future().get();
  }

  template <typename Work>
  std::size_t allocated_by(Work work) {
    work();  // pools fill
    const std::size_t before = allocated();
    work();
    return allocated() - before;
  }

  test::FakeBackend backend_{test::echoes()};
  test::TestListener near_;
  ServerConfig config_;
  std::shared_ptr<Upstream> upstream_;
  AccessLog access_log_;
  Admission admission_{ProcessLimits{1000}};
  SourceTable sources_{0, {}};
  io::SpareDescriptor spare_;
  LogLimiter refusals_;
  io::PipePool pipes_{8, spare_};
  TlsResources tls_{tls::Buffers(), HandshakePlaces(0), io::SideThread(loop_, "side")};
  Established established_;
  io::EventLoop loop_;
  const WorkerResources resources_{loop_,       pipes_,    access_log_.queue(0),           admission_,
                                   spare_,      refusals_, RelayConfig::Splice::automatic, tls_,
                                   established_};
  std::thread thread_;
};

void exchange(Peer& client, int times) {
  const std::string message(64, 'm');
  for (int i = 0; i < times; ++i) {
    client.send_all(message);
    ASSERT_EQ(client.receive_exactly(message.size()).size(), message.size());
  }
}

TEST_F(SteadyState, ProxiedMessagesAllocateNothing) {
  Peer client = connect(ProxyService(upstream_));
  EXPECT_EQ(allocated_by([&] { exchange(client, 200); }), 0u);
}

TEST_F(SteadyState, EchoedMessagesAllocateNothing) {
  Peer client = connect(EchoService{EchoConfig::Transform::upper});
  EXPECT_EQ(allocated_by([&] { exchange(client, 200); }), 0u);
}

TEST_F(SteadyState, ConnectionsThatFollowEachOtherReuseWhatTheFirstAllocated) {
  const auto life = [&] {
    for (int i = 0; i < 50; ++i) {
      Peer client = connect(ProxyService(upstream_));
      exchange(client, 1);
      client.shutdown_write();
      ASSERT_EQ(client.receive_until_end().ending, test::Ending::fin);
    }
  };
  // The coroutine frames of a connection and its posted start.
  EXPECT_LE(allocated_by(life), 50u * 10);
}

}  // namespace
}  // namespace weir
