#include "common/tls/stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/tls/contexts.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/hand_sealer.hpp"
#include "tests/support/memory_handshake.hpp"
#include "tests/support/random_bytes.hpp"

namespace weir::tls {
namespace {

using test::Peer;
using testing::HasSubstr;
using Content = test::HandSealer::Content;
using Handshake = Stream::Handshake;
using Role = Stream::Role;
using Status = io::IoResult::Status;
using Truncation = Stream::Truncation;

constexpr std::size_t kRecord = 16 * 1024;
/// The kernel keeps so much for the peer at least once neither of them takes any more.
constexpr std::size_t kFull = 16 * 1024;
/// So many messages behind the handshake are free, and one more for each 32 KiB.
constexpr std::size_t kFree = 32;

/// What the ends of a connection are made of.
struct Site {
  test::Authority authority;
  test::TempDir dir;
  test::CertificateFiles files = write_files(dir, "site", authority.server({"DNS:site.test"}));
  std::string ca = dir.write("ca.pem", authority.certificate());
  ServerContexts server{server_options(), nullptr};
  ClientContext client{client_options(ca)};
  /// Knows none of those that the peers have their certificates from.
  ClientContext stranger{client_options(dir.write("other.pem", test::Authority("another").certificate()))};

  ServerOptions server_options() const {
    ServerOptions options;
    options.certificates.push_back({files.certificate, files.key, {}});
    return options;
  }
  static ClientOptions client_options(const std::string& trusted) {
    ClientOptions options;
    options.ca = trusted;
    return options;
  }
};

const Site& site() {
  static const Site made;
  return made;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The peer, played by the test. Its OpenSSL works in memory, so that the test says which bytes go when.
class FarEnd {
 public:
  FarEnd(SslContextPtr context, Role role, int version, Peer peer) : peer_(std::move(peer)) {
    ::SSL_CTX_set_keylog_callback(context.get(), [](const SSL* ssl, const char* line) {
      const std::string_view text(line);
      if (!text.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
      static_cast<FarEnd*>(SSL_get_app_data(ssl))->secret_ = text.substr(text.rfind(' ') + 1);
    });
    ::SSL_CTX_set_num_tickets(context.get(), 0);
    ssl_.reset(::SSL_new(context.get()));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_min_proto_version(ssl_.get(), version);
    SSL_set_max_proto_version(ssl_.get(), version);
    ::SSL_set_ciphersuites(ssl_.get(), "TLS_AES_128_GCM_SHA256");
    ::SSL_set_cipher_list(ssl_.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    BIO* in = ::BIO_new(::BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    ::SSL_set_bio(ssl_.get(), in, ::BIO_new(::BIO_s_mem()));
    role == Role::server ? ::SSL_set_accept_state(ssl_.get()) : ::SSL_set_connect_state(ssl_.get());
  }
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;
  ~FarEnd() = default;

  SSL* ssl() { return ssl_.get(); }
  Peer& peer() { return peer_; }

  /// One step of the handshake; what is due to the stream stays here. Whether it is over.
  bool step() {
    take();
    ::ERR_clear_error();
    const int result = ::SSL_do_handshake(ssl_.get());
    if (result != 1 && ::SSL_get_error(ssl_.get(), result) == SSL_ERROR_SSL) note_problem();
    return result == 1;
  }
  /// What is due to the stream.
  std::string due() {
    BIO* const out = ::SSL_get_wbio(ssl_.get());
    std::string bytes(BIO_ctrl_pending(out), '\0');
    if (!bytes.empty()) ::BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  /// The records of the text.
  std::string seal(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kRecord))) {
      const auto size = static_cast<int>(std::min(text.size(), kRecord));
      EXPECT_EQ(::SSL_write(ssl_.get(), text.data(), size), size);
    }
    return due();
  }
  /// A KeyUpdate (RFC 8446, 4.6.3).
  std::string key_update(bool ask) {
    EXPECT_EQ(::SSL_key_update(ssl_.get(), ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    EXPECT_EQ(::SSL_do_handshake(ssl_.get()), 1);
    return due();
  }
  std::string close_notify() {
    ::SSL_shutdown(ssl_.get());
    return due();
  }
  /// Seals what OpenSSL would not, from now on.
  test::HandSealer by_hand() { return {ssl_.get(), secret_}; }

  void send(std::string_view records) { peer_.send_all(records); }
  void say(std::string_view text) { send(seal(text)); }

  /// Takes what has come, so much of it at most.
  void take(std::size_t most = std::numeric_limits<std::size_t>::max()) {
    std::array<char, kRecord> bytes;
    while (most > 0) {
      const ssize_t got = ::recv(peer_.fd(), bytes.data(), std::min(most, bytes.size()), MSG_DONTWAIT);
      if (got == 0) fin_ = true;
      if (got <= 0) return;
      ::BIO_write(::SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(got));
      taken_ += static_cast<std::size_t>(got);
      most -= static_cast<std::size_t>(got);
    }
  }
  /// All plain text that has come until now.
  const std::string& hear() {
    take();
    std::array<char, kRecord> bytes;
    for (;;) {
      ::ERR_clear_error();
      const int got = ::SSL_read(ssl_.get(), bytes.data(), bytes.size());
      if (got > 0) {
        heard_.append(bytes.data(), static_cast<std::size_t>(got));
        continue;
      }
      const int why = ::SSL_get_error(ssl_.get(), got);
      if (why == SSL_ERROR_ZERO_RETURN) closed_ = true;
      if (why == SSL_ERROR_SSL) note_problem();
      return heard_;
    }
  }
  /// Bytes of records that came.
  std::size_t taken() const { return taken_; }
  bool closed() const { return closed_; }  ///< close_notify was heard
  bool fin() const { return fin_; }
  const std::string& problem() const { return problem_; }

 private:
  void note_problem() {
    if (problem_.empty()) problem_ = take_openssl_error();
  }

  Peer peer_;
  SslPtr ssl_;
  std::string secret_;
  std::string heard_;
  std::string problem_;
  std::size_t taken_ = 0;
  bool closed_ = false;
  bool fin_ = false;
};

/// How a stream is made.
struct Way {
  int version = TLS1_3_VERSION;
  Role role = Role::server;
  Truncation truncation = Truncation::end;
  bool trusted = true;  ///< the stream, a client, knows the authority of its peer
  bool unix_pair = false;
};

/// What a test is given.
struct World {
  io::Slot& slot;
  io::Stream& socket;
  Buffers& buffers;
  Stream& stream;
  FarEnd& far;
};

/// Gives others turns until it holds, for as long as anything may take.
template <typename Condition>
net::awaitable<void> until(World& world, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + test::kHang;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("what a test waits for does not happen");
    co_await world.slot.yield();
  }
}

net::awaitable<void> readable(World& world) {
  co_await until(world, [&] { return world.stream.readable(); });
}

/// Until the kernel has so many bytes for the stream.
net::awaitable<void> arrived(World& world, std::size_t bytes) {
  co_await until(world, [&] { return world.socket.unread() >= bytes && world.socket.readable(); });
}

/// Until both are done, or the stream has failed.
net::awaitable<Handshake> shake_hands(World& world) {
  Handshake last = Handshake::waiting;
  co_await until(world, [&] {
    if (last == Handshake::waiting && world.stream.can_step()) last = world.stream.handshake();
    world.stream.flush();
    const bool far_done = world.far.step();
    if (last != Handshake::failed) world.far.send(world.far.due());
    return last == Handshake::failed || (last == Handshake::done && far_done);
  });
  co_return last;
}

/// One read of so many bytes at most.
struct Read {
  Status status;
  int error;
  std::string text;
};
Read read(Stream& stream, std::size_t most = io::EventLoop::kScratchSize) {
  std::string text(most, '\0');
  const io::IoResult got = stream.read(std::as_writable_bytes(std::span(text)));
  text.resize(got.status == Status::moved ? got.bytes : 0);
  return {got.status, got.error, text};
}

/// Reads until so much plain text has come, or the stream ends.
net::awaitable<std::string> read_all(World& world, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    co_await readable(world);
    const Read got = read(world.stream);
    if (got.status == Status::end || got.status == Status::failed) break;
    all += got.text;
  }
  co_return all;
}

/// Writes until the socket takes no more, and neither does the peer's; what was written.
net::awaitable<std::string> fill(World& world) {
  std::string all;
  std::uint64_t seed = 0;
  co_await until(world, [&] {
    while (world.stream.writable()) {
      const std::string piece = test::random_bytes(io::EventLoop::kScratchSize, ++seed);
      EXPECT_EQ(world.stream.write(bytes_of(piece)).bytes, piece.size()) << "it takes all";
      all += piece;
    }
    EXPECT_EQ(world.stream.flush(), 0);
    // The peer's buffer is full as well, so that nothing moves until it takes something.
    return seed > 0 && !world.stream.writable() && world.socket.unacknowledged() > kFull;
  });
  co_return all;
}

class StreamTestBase : public testing::Test {
 protected:
  using Body = std::function<net::awaitable<void>(World&)>;

  /// Runs `body` before the handshake.
  void run_fresh(const Way& way, const Body& body) {
    io::Descriptor ours;
    Peer theirs;
    if (way.unix_pair) {
      int fds[2];
      ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
      theirs = Peer(io::Descriptor(fds[0]));
      ours = io::Descriptor(fds[1]);
    } else {
      theirs = Peer::connect(listener_.endpoint(), {.receive_buffer = 64 << 10, .send_buffer = 256 << 10});
      const Peer accepted = listener_.accept();
      ours = io::Descriptor(::fcntl(accepted.fd(), F_DUPFD_CLOEXEC, 0));
    }
    const int small = 32 << 10;
    ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const bool serves = way.role == Role::server;
    SslPtr ssl = serves        ? site().server.make("site.test")
                 : way.trusted ? site().client.make("site.test")
                               : site().stranger.make("site.test");
    FarEnd far(serves ? test::bare_client() : test::bare_server(site().files.certificate, site().files.key),
               serves ? Role::client : Role::server, way.version, std::move(theirs));
    io::EventLoop loop;
    loop.spawn(play(loop, std::move(ours), std::move(ssl), way, far, body), [&loop](const std::exception_ptr& failure) {
      loop.stop();
      if (failure) std::rethrow_exception(failure);
    });
    loop.run();
  }
  /// … and behind it.
  void run(const Way& way, const Body& body) {
    run_fresh(way, [&body](World& world) -> net::awaitable<void> {
      const Handshake end = co_await shake_hands(world);
      EXPECT_EQ(end, Handshake::done) << world.stream.problem();
      if (end == Handshake::done) co_await body(world);
    });
  }

 private:
  static net::awaitable<void> play(io::EventLoop& loop, io::Descriptor socket, SslPtr ssl, Way way, FarEnd& far,
                                   const Body& body) {
    const io::SlotPtr slot = loop.acquire(1);
    io::Stream plain(*slot, io::Side::first, io::StreamSocket(std::move(socket)), !way.unix_pair);
    Buffers buffers;
    Stream stream(plain, buffers, std::move(ssl), way.role, way.truncation);
    World world{*slot, plain, buffers, stream, far};
    co_await body(world);
  }

  test::TestListener listener_{test::loopback(0), 128, 256 << 10};
};

/// In both versions and from both ends.
class TlsStream : public StreamTestBase, public testing::WithParamInterface<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, TlsStream,
                         testing::Values(Way{.version = TLS1_2_VERSION, .role = Role::server},
                                         Way{.version = TLS1_2_VERSION, .role = Role::client},
                                         Way{.version = TLS1_3_VERSION, .role = Role::server},
                                         Way{.version = TLS1_3_VERSION, .role = Role::client}),
                         [](const auto& way) {
                           return std::string(way.param.role == Role::server ? "Server" : "Client") +
                                  (way.param.version == TLS1_2_VERSION ? "12" : "13");
                         });
using TlsStreamHandshake = StreamTestBase;
using TlsStreamFlood = StreamTestBase;
using TlsStreamEnd = StreamTestBase;
using TlsStreamBytes = StreamTestBase;

constexpr Way kServer12{.version = TLS1_2_VERSION};
constexpr Way kServer13{};
constexpr Way kClient12{.version = TLS1_2_VERSION, .role = Role::client};
constexpr Way kClient13{.role = Role::client};

// Handshakes.

TEST_P(TlsStream, ShakesHandsThoughTheFlightsComeByteByByte) {
  run_fresh(GetParam(), [](World& world) -> net::awaitable<void> {
    EXPECT_TRUE(world.stream.can_step()) << "the first step needs nothing";
    co_await until(world, [&] { return world.socket.writable(); });
    Handshake last = world.stream.handshake();
    bool far_done = false;
    std::size_t steps = 0;
    const auto deadline = std::chrono::steady_clock::now() + test::kHang;
    while (last == Handshake::waiting && std::chrono::steady_clock::now() < deadline) {
      EXPECT_FALSE(world.stream.is_open());
      far_done = world.far.step();
      const std::string flight = world.far.due();
      for (std::size_t i = 0; i < flight.size(); ++i) {
        EXPECT_EQ(last, Handshake::waiting) << "done before the last byte of a flight";
        EXPECT_FALSE(world.stream.can_step()) << "nothing has come";
        world.far.send(flight.substr(i, 1));
        co_await readable(world);
        last = world.stream.handshake();
        ++steps;
      }
      if (flight.empty()) co_await world.slot.yield();
    }
    EXPECT_EQ(last, Handshake::done) << world.stream.problem();
    EXPECT_GT(steps, 100u);
    EXPECT_TRUE(world.stream.is_open());
    co_await until(world, [&] { return far_done || (far_done = world.far.step()); });
    world.far.say("ping");
    const std::string ping = co_await read_all(world, 4);
    EXPECT_EQ(ping, "ping");
    world.stream.write(bytes_of("pong"));
    co_await until(world, [&] { return world.far.hear() == "pong"; });
  });
}

TEST_P(TlsStream, SaysWhatWasAgreedOn) {
  run_fresh(GetParam(), [this](World& world) -> net::awaitable<void> {
    Facts before;
    world.stream.describe(before);
    EXPECT_EQ(before.version, "");
    EXPECT_FALSE(before.resumed);
    co_await shake_hands(world);
    Facts facts;
    world.stream.describe(facts);
    const bool old = GetParam().version == TLS1_2_VERSION;
    EXPECT_EQ(facts.version, old ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(facts.cipher, old ? "ECDHE-ECDSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256");
    EXPECT_EQ(facts.resumed, false);
    EXPECT_EQ(facts.client_cn, GetParam().role == Role::client ? "site.test" : "") << "the peer's";
    EXPECT_EQ(facts.alert, "");
    EXPECT_EQ(world.stream.failure(), Stream::Failure::none);
  });
}

TEST_F(TlsStreamHandshake, TakesBytesThatWereReadBeforeIt) {
  for (const std::size_t taken : {std::size_t{1}, std::size_t{5}, std::size_t{100}, std::size_t{1} << 20}) {
    run_fresh(kServer13, [taken](World& world) -> net::awaitable<void> {
      world.far.step();
      const std::string hello = world.far.due();
      const std::string before = hello.substr(0, taken);
      world.stream.begin_with({bytes_of(before).begin(), bytes_of(before).end()});
      EXPECT_TRUE(world.stream.readable()) << "what was read before is there";
      EXPECT_EQ(world.stream.unread(), before.size());
      world.far.send(std::string_view(hello).substr(before.size()));
      const Handshake end = co_await shake_hands(world);
      EXPECT_EQ(end, Handshake::done) << taken;
    });
  }
}

TEST_F(TlsStreamHandshake, LeavesWhatCameInOneSegmentWithItsEndToBeRead) {
  for (const Way& way : {kServer13, kClient12}) {  // those in which the peer has the last word
    run_fresh(way, [](World& world) -> net::awaitable<void> {
      Handshake last = Handshake::waiting;
      co_await until(world, [&] {
        if (world.stream.can_step()) last = world.stream.handshake();
        if (last == Handshake::done) return true;
        world.stream.flush();
        const bool done = world.far.step();
        std::string flight = world.far.due();
        if (done && !flight.empty()) flight += world.far.seal("early bird");
        world.far.send(flight);
        return false;
      });
      EXPECT_TRUE(world.stream.readable()) << "no further edge comes";
      EXPECT_EQ(read(world.stream).text, "early bird");
    });
  }
}

TEST_F(TlsStreamHandshake, GoesOnOnceTheSocketTakesItsFlight) {
  // A pair, whose buffer takes nothing more once it is full.
  run_fresh({.unix_pair = true}, [](World& world) -> net::awaitable<void> {
    co_await until(world, [&] { return world.socket.writable(); });
    const std::string noise(kRecord, 'x');
    std::size_t before = 0;
    while (world.socket.writable()) before += world.socket.write(bytes_of(noise)).bytes;
    ::SSL_do_handshake(world.far.ssl());
    world.far.send(world.far.due());
    co_await readable(world);
    EXPECT_EQ(world.stream.handshake(), Handshake::waiting);
    const std::size_t kept = world.stream.kept();
    EXPECT_GT(kept, 0u);
    EXPECT_EQ(world.stream.sent(), 0u);
    // The kernel has more room now than the flight needs.
    EXPECT_EQ(world.far.peer().receive_exactly(before).size(), before);
    co_await until(world, [&] {
      EXPECT_EQ(world.stream.flush(), 0);
      return world.stream.kept() == 0;
    });
    EXPECT_EQ(world.stream.sent(), kept);
    const Handshake end = co_await shake_hands(world);
    EXPECT_EQ(end, Handshake::done);
  });
}

TEST_P(TlsStream, KeepsNoMemoryOfItsHandshake) {
  run_fresh(GetParam(), [](World& world) -> net::awaitable<void> {
    const Handshake end = co_await shake_hands(world);
    EXPECT_EQ(end, Handshake::done);
    EXPECT_EQ(world.stream.memory_of_records(), 0u);
  });
}

TEST_P(TlsStream, AnotherThreadMayMakeTheSteps) {
  run_fresh(GetParam(), [](World& world) -> net::awaitable<void> {
    Handshake last = Handshake::waiting;
    co_await until(world, [&] {
      if (last == Handshake::waiting && world.stream.can_step()) {
        EXPECT_TRUE(world.stream.begin_step());
        // What others do meanwhile is nothing to it.
        std::thread([&] { world.stream.run_step(); }).join();
        EXPECT_TRUE(world.buffers.output.empty());
        last = world.stream.end_step();
      }
      world.stream.flush();
      const bool far_done = world.far.step();
      world.far.send(world.far.due());
      return last == Handshake::failed || (last == Handshake::done && far_done);
    });
    EXPECT_EQ(last, Handshake::done);
    world.far.send(world.far.seal("plain"));
    co_await readable(world);
    co_await until(world, [&] { return read(world.stream).text == "plain"; });
  });
}

TEST_F(TlsStreamHandshake, FailsWhereWhatComesIsNoTls) {
  run_fresh(kServer13, [](World& world) -> net::awaitable<void> {
    world.far.send("GET / HTTP/1.1\r\n\r\n");
    co_await readable(world);
    EXPECT_EQ(world.stream.handshake(), Handshake::failed);
    EXPECT_EQ(world.stream.failure(), Stream::Failure::protocol);
    EXPECT_THAT(world.stream.problem(), HasSubstr("http request"));
    EXPECT_FALSE(world.stream.is_open());
  });
}

TEST_P(TlsStream, FailsWhereThePeerLeavesAmidTheHandshake) {
  run_fresh(GetParam(), [](World& world) -> net::awaitable<void> {
    co_await until(world, [&] { return world.socket.writable(); });
    EXPECT_EQ(world.stream.handshake(), Handshake::waiting);
    co_await until(world, [&] {
      world.far.step();
      const std::string flight = world.far.due();
      world.far.send(flight.substr(0, 20));
      return !flight.empty();
    });
    world.far.peer().shutdown_write();
    co_await until(world, [&] { return world.stream.peer_ended(); });
    Handshake last = Handshake::waiting;
    co_await until(world, [&] {
      if (world.stream.can_step()) last = world.stream.handshake();
      return last != Handshake::waiting;
    });
    EXPECT_EQ(last, Handshake::failed);
    EXPECT_EQ(world.stream.failure(), Stream::Failure::closed);
  });
}

TEST_F(TlsStreamHandshake, FailsWithTheErrorOfTheSocket) {
  run_fresh(kServer13, [](World& world) -> net::awaitable<void> {
    world.far.peer().reset();
    co_await readable(world);
    EXPECT_EQ(world.stream.handshake(), Handshake::failed);
    EXPECT_EQ(world.stream.failure(), Stream::Failure::socket);
    EXPECT_EQ(world.stream.error(), ECONNRESET);
  });
}

TEST_F(TlsStreamHandshake, RefusesAPeerThatItDoesNotTrustWithAnAlert) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    run_fresh({.version = version, .role = Role::client, .trusted = false}, [](World& world) -> net::awaitable<void> {
      const Handshake end = co_await shake_hands(world);
      EXPECT_EQ(end, Handshake::failed);
      EXPECT_EQ(world.stream.failure(), Stream::Failure::untrusted);
      EXPECT_EQ(world.stream.alert(), "unknown_ca");
      EXPECT_EQ(world.stream.kept(), 0u);
      co_await until(world, [&] { return (world.far.hear(), !world.far.problem().empty()); });
      EXPECT_THAT(world.far.problem(), HasSubstr("unknown ca"));
    });
  }
}

TEST_F(TlsStreamHandshake, FailsWithTheAlertOfThePeer) {
  run_fresh(kClient13, [](World& world) -> net::awaitable<void> {
    EXPECT_EQ(world.stream.handshake(), Handshake::waiting);
    world.far.send("\x15\3\3" + std::string("\0\2\2\x50", 4));
    co_await readable(world);
    EXPECT_EQ(world.stream.handshake(), Handshake::failed);
    EXPECT_EQ(world.stream.failure(), Stream::Failure::alert);
    EXPECT_EQ(world.stream.alert(), "internal_error");
    Facts facts;
    world.stream.describe(facts);
    EXPECT_EQ(facts.alert, "internal_error");
  });
}

// Reading and writing.

TEST_P(TlsStream, StaysReadableWhileAShortReaderHasNotReadTheWholeRecord) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    const std::string text = test::random_bytes(kRecord);
    const std::string record = world.far.seal(text);
    world.far.send(record);
    co_await arrived(world, record.size());
    EXPECT_EQ(world.stream.unread(), record.size());
    std::string all;
    while (all.size() < text.size()) {
      EXPECT_TRUE(world.stream.readable()) << all.size();
      if (!world.stream.readable()) co_return;
      const Read got = read(world.stream, 100);
      EXPECT_TRUE(got.status == Status::moved || got.status == Status::would_block);
      all += got.text;
      // All of the record is needed before any of it can be read.
      if (!all.empty()) {
        EXPECT_EQ(world.stream.unread(), text.size() - all.size());
      }
    }
    EXPECT_EQ(all, text);
    EXPECT_EQ(read(world.stream, 100).status, Status::would_block);
    EXPECT_FALSE(world.stream.readable());
    EXPECT_EQ(world.stream.unread(), 0u);
  });
}

TEST_P(TlsStream, ReadsWhatOpenSslHoldsBeforeMoreOfTheSocket) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    const std::string text = test::random_bytes(kRecord);
    const std::string records = world.far.seal(text);
    world.far.send(records);
    co_await arrived(world, records.size());
    Read got{};
    while (got.text.empty() && world.stream.readable()) got = read(world.stream, 100);
    const std::string next = world.far.seal("the next record");
    world.far.send(next);
    co_await arrived(world, next.size());
    got.text += read(world.stream).text;
    EXPECT_EQ(got.text, text);
    EXPECT_EQ(world.socket.unread(), next.size()) << "a turn is not longer for what the one before has left";
    EXPECT_EQ(read(world.stream).text, "the next record");
  });
}

TEST_P(TlsStream, ReadsARecordThatComesByteByByte) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    const std::string record = world.far.seal("in pieces");
    for (std::size_t i = 0; i < record.size(); ++i) {
      EXPECT_FALSE(world.stream.readable());
      EXPECT_EQ(world.stream.unread(), i) << "what has come of it is not lost sight of";
      EXPECT_EQ(world.stream.at_hand(), 0u) << "but no read gives it";
      const std::uint64_t received = world.stream.received();
      world.far.send(record.substr(i, 1));
      co_await readable(world);
      EXPECT_EQ(read(world.stream).text, i + 1 == record.size() ? "in pieces" : "");
      EXPECT_EQ(world.stream.received(), received + 1);
    }
    EXPECT_EQ(world.stream.unread(), 0u);
  });
}

TEST_P(TlsStream, ATurnHasSoManyRecordsHoweverShortTheyAre) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    std::string text;
    std::string records;
    for (std::size_t i = 0; i < 3 * Stream::kRecordsAtOnce + 8; ++i) {
      text += static_cast<char>('a' + i % 26);
      records += world.far.seal(text.substr(i));
    }
    world.far.send(records);
    co_await arrived(world, records.size());
    std::string all;
    for (const std::size_t bytes :
         {Stream::kRecordsAtOnce, Stream::kRecordsAtOnce, Stream::kRecordsAtOnce, std::size_t{8}}) {
      EXPECT_TRUE(world.stream.readable()) << "the socket is empty, and no edge comes";
      EXPECT_EQ(world.stream.unread() > 0, true);
      const Read got = read(world.stream);
      EXPECT_EQ(got.text.size(), bytes);
      EXPECT_EQ(world.socket.unread(), 0u);
      all += got.text;
    }
    EXPECT_EQ(all, text);
    EXPECT_FALSE(world.stream.readable());
  });
}

TEST_P(TlsStream, ATurnHasOneHelpingOfTheSocket) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    const std::string text = test::random_bytes(7 * kRecord);
    const std::string records = world.far.seal(text);
    world.far.send(records);
    co_await arrived(world, records.size());
    std::string much(1 << 20, '\0');
    const io::IoResult got = world.stream.read(std::as_writable_bytes(std::span(much)));
    EXPECT_EQ(world.socket.unread(), records.size() - Buffers::kInput);
    EXPECT_EQ(got.bytes, 2 * kRecord) << "the third is not whole";
    const std::string rest = co_await read_all(world, text.size() - got.bytes);
    EXPECT_EQ(much.substr(0, got.bytes) + rest, text);
  });
}

TEST_P(TlsStream, CarriesBytesBothWaysOverAPairOfUnixSockets) {
  Way way = GetParam();
  way.unix_pair = true;
  run(way, [](World& world) -> net::awaitable<void> {
    const std::string up = test::random_bytes(5 * kRecord + 7, 1);
    std::string got;
    for (std::size_t at = 0; at < up.size(); at += kRecord) {
      const std::string_view piece = std::string_view(up).substr(at, kRecord);
      world.far.say(piece);
      got += co_await read_all(world, piece.size());
    }
    EXPECT_EQ(got, up);
    co_await until(world, [&] { return world.stream.writable(); });
    const std::string down = test::random_bytes(5 * kRecord + 7, 2);
    EXPECT_EQ(world.stream.write(bytes_of(down)).bytes, down.size());
    co_await until(world, [&] {
      EXPECT_EQ(world.stream.flush(), 0);
      return world.far.hear().size() >= down.size();
    });
    EXPECT_EQ(world.far.hear(), down);
    EXPECT_EQ(world.stream.unacknowledged(), 0u);
  });
}

TEST_F(TlsStreamBytes, WritingWaitsForTheRestOfAMessage) {
  run(kServer13, [](World& world) -> net::awaitable<void> {
    co_await until(world, [&] { return world.stream.writable(); });
    test::HandSealer hand = world.far.by_hand();
    const std::string update("\x18\0\0\1\0", 5);
    world.far.send(hand.seal(Content::handshake, update.substr(0, 4)));
    co_await readable(world);
    EXPECT_EQ(read(world.stream).status, Status::would_block);
    const std::uint64_t sent = world.stream.sent();
    const io::IoResult put = world.stream.write(bytes_of("later"));
    EXPECT_EQ(put.status, Status::would_block);
    EXPECT_EQ(put.bytes, 0u);
    EXPECT_FALSE(world.stream.writable());
    EXPECT_FALSE(world.stream.finish(io::Closes::later)) << "close_notify would stand amid it";
    EXPECT_EQ(world.stream.sent(), sent);
    world.far.send(hand.seal(Content::handshake, update.substr(4)));
    co_await readable(world);
    EXPECT_EQ(read(world.stream).status, Status::would_block);
    EXPECT_EQ(world.stream.key_updates(), 1u);
    EXPECT_TRUE(world.stream.writable());
    EXPECT_EQ(world.stream.write(bytes_of("later")).bytes, 5u);
    co_await until(world, [&] { return world.far.hear() == "later"; });
  });
}

TEST_P(TlsStream, WhatTheSocketDoesNotTakeIsKeptAndSentOnce) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    const std::uint64_t before = world.stream.sent();
    const std::string text = co_await fill(world);
    EXPECT_GT(world.stream.kept(), 0u);
    EXPECT_FALSE(world.stream.writable());
    EXPECT_LT(world.stream.kept(), io::EventLoop::kScratchSize + 1024) << "no more than one write";
    EXPECT_EQ(world.stream.flush(), 0);
    EXPECT_GT(world.stream.sent(), before);
    const std::size_t all = world.stream.kept() + static_cast<std::size_t>(world.stream.sent());
    // A little room after each piece, so that what is kept goes in many.
    std::size_t flushes = 0;
    co_await until(world, [&] {
      world.far.take(kRecord);
      const std::size_t kept = world.stream.kept();
      if (world.stream.flush() != 0) return true;
      if (world.stream.kept() < kept) ++flushes;
      EXPECT_EQ(world.stream.kept() + world.stream.sent(), all) << "none is lost or doubled";
      EXPECT_TRUE(world.stream.kept() == 0 || !world.stream.writable());
      return world.stream.kept() == 0;
    });
    EXPECT_GE(flushes, 1u);
    EXPECT_EQ(world.stream.kept(), 0u);
    co_await until(world, [&] { return world.stream.writable(); });
    EXPECT_EQ(world.stream.write(bytes_of("and more")).bytes, 8u);
    co_await until(world, [&] { return world.far.hear().size() >= text.size() + 8; });
    EXPECT_EQ(world.far.hear(), text + "and more");
    EXPECT_EQ(world.far.taken(), world.stream.sent());
  });
}

TEST_P(TlsStream, WhoWritesAllTheSameKeepsTheOrder) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    std::string text = co_await fill(world);
    for (int i = 0; i < 3; ++i) {
      const std::string more = test::random_bytes(1000, static_cast<std::uint64_t>(100 + i));
      // There is room, but those before come first.
      co_await until(world, [&] { return (world.far.take(kRecord), world.socket.writable()); });
      const std::size_t kept = world.stream.kept();
      EXPECT_EQ(world.stream.write(bytes_of(more)).bytes, more.size());
      EXPECT_GT(world.stream.kept(), kept + more.size());
      text += more;
    }
    co_await until(world, [&] {
      EXPECT_EQ(world.stream.flush(), 0);
      return world.far.hear().size() >= text.size();
    });
    EXPECT_EQ(world.far.hear(), text);
  });
}

TEST_P(TlsStream, CountsWhatThePeerHasNotAcknowledged) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    co_await until(world, [&] { return world.stream.unacknowledged() == 0; });
    co_await fill(world);
    EXPECT_EQ(world.stream.unacknowledged(), world.stream.kept() + world.socket.unacknowledged());
    EXPECT_GT(world.stream.unacknowledged(), world.stream.kept());
    const std::size_t kept = world.stream.kept();
    EXPECT_FALSE(world.stream.finish(io::Closes::later));
    const std::size_t closing = world.stream.kept() - kept;
    EXPECT_GT(closing, 0u);
    EXPECT_FALSE(world.stream.finish(io::Closes::later)) << "nothing has moved";
    EXPECT_EQ(world.stream.kept() - kept, closing) << "it is said once";
    EXPECT_EQ(world.stream.unacknowledged(), world.stream.kept() + world.socket.unacknowledged() - closing)
        << "nobody loses a byte with close_notify";
    co_await until(world, [&] {
      world.far.take();
      return world.stream.finish(io::Closes::later);
    });
    co_await until(world, [&] { return (world.far.take(), world.stream.unacknowledged() == 0); });
  });
}

TEST_P(TlsStream, SendsNothingOfAnotherConnection) {
  const std::string foreign = "of another connection";
  const auto leave_behind = [&foreign](World& world) {
    world.buffers.output.assign(bytes_of(foreign).begin(), bytes_of(foreign).end());
  };
  run_fresh(GetParam(), [&](World& world) -> net::awaitable<void> {
    leave_behind(world);
    world.stream.handshake();
    const Handshake end = co_await shake_hands(world);
    EXPECT_EQ(end, Handshake::done) << world.stream.problem();
    co_await until(world, [&] { return world.stream.writable(); });
    world.far.hear();
    EXPECT_EQ(world.far.taken(), world.stream.sent());
    const std::uint64_t sent = world.stream.sent();
    world.far.say("ping");
    co_await readable(world);
    leave_behind(world);
    EXPECT_EQ(read(world.stream).text, "ping");
    EXPECT_EQ(world.stream.sent(), sent) << "a read has nothing to send";
    leave_behind(world);
    EXPECT_EQ(world.stream.flush(), 0);
    EXPECT_EQ(world.stream.sent(), sent);
    world.stream.write(bytes_of("pong"));
    EXPECT_LT(world.stream.sent() - sent, 4u + 30u);
    leave_behind(world);
    EXPECT_TRUE(world.stream.finish(io::Closes::later));
    co_await until(world, [&] { return (world.far.hear(), world.far.fin()); });
    EXPECT_EQ(world.far.hear(), "pong");
    EXPECT_TRUE(world.far.closed());
    EXPECT_EQ(world.far.problem(), "");
  });
}

// Floods.

TEST_F(TlsStreamFlood, SoManyKeyUpdatesAreFreeAndOneMoreEndsIt) {
  for (const Way& way : {kServer13, kClient13}) {
    for (const bool ask : {false, true}) {
      run(way, [ask](World& world) -> net::awaitable<void> {
        std::string records;
        for (std::size_t i = 0; i < kFree; ++i) records += world.far.key_update(ask);
        records += world.far.seal("still here");
        world.far.send(records);
        const std::string got = co_await read_all(world, 10);
        EXPECT_EQ(got, "still here") << ask;
        EXPECT_EQ(world.stream.key_updates(), kFree);
        records = world.far.key_update(ask);
        records += world.far.seal("too late");
        world.far.send(records);
        co_await readable(world);
        const Read end = read(world.stream);
        EXPECT_EQ(end.status, Status::failed) << end.text;
        EXPECT_EQ(end.error, Stream::kBroken);
        EXPECT_THAT(world.stream.problem(), HasSubstr("too many"));
        EXPECT_TRUE(world.stream.readable()) << "so that the end is found again";
        EXPECT_EQ(read(world.stream).error, Stream::kBroken);
      });
    }
  }
}

TEST_F(TlsStreamFlood, KeyUpdatesAmongBytesEndNothing) {
  run(kServer13, [](World& world) -> net::awaitable<void> {
    const std::string text = test::random_bytes(2 * kRecord);
    for (std::size_t i = 0; i < 3 * kFree; ++i) {
      world.far.say(text);
      world.far.send(world.far.key_update(true));
      const std::string got = co_await read_all(world, text.size());
      EXPECT_EQ(got == text, true) << i;
      if (got != text) co_return;
    }
    EXPECT_GE(world.stream.key_updates(), 3 * kFree - 1);
  });
}

TEST_F(TlsStreamFlood, KeyUpdatesWithoutEndAreLeftWhereTheyAre) {
  run(kServer13, [](World& world) -> net::awaitable<void> {
    const std::uint64_t sent = world.stream.sent();
    std::string records;
    for (int i = 0; i < 3000; ++i) records += world.far.key_update(true);
    world.far.send(records);
    co_await arrived(world, records.size());
    EXPECT_EQ(read(world.stream).error, Stream::kBroken);
    EXPECT_EQ(world.stream.key_updates(), kFree + 1) << "no further one was looked at";
    EXPECT_LT(world.stream.sent() - sent + world.stream.kept(), 64 * (kFree + 1));
    EXPECT_EQ(world.stream.unread(), world.socket.unread()) << "nothing of them is kept";
  });
}

TEST_F(TlsStreamFlood, ClientIsToldOnceForEachHandshakeItAsksForAndThenCutOff) {
  run(kServer12, [](World& world) -> net::awaitable<void> {
    test::HandSealer hand = world.far.by_hand();
    const std::string hello("\1\0\0\0", 4);
    std::uint64_t sent = world.stream.sent();
    for (std::size_t i = 0; i < kFree / 2; ++i) {  // the question and the alert count
      world.far.send(hand.seal(Content::handshake, hello));
      co_await readable(world);
      EXPECT_EQ(read(world.stream).status, Status::would_block) << i;
      EXPECT_EQ(world.stream.alert(), "no_renegotiation");
      EXPECT_GT(world.stream.sent(), sent) << "an alert";
      sent = world.stream.sent();
    }
    world.far.send(hand.seal(Content::data, "still here"));
    co_await readable(world);
    EXPECT_EQ(read(world.stream).text, "still here");
    world.far.send(hand.seal(Content::handshake, hello));
    co_await readable(world);
    EXPECT_EQ(read(world.stream).error, Stream::kBroken);
    EXPECT_THAT(world.stream.problem(), HasSubstr("too many"));
  });
}

TEST_F(TlsStreamFlood, HandshakesWithoutEndThatAClientAsksForAreLeftWhereTheyAre) {
  run(kServer12, [](World& world) -> net::awaitable<void> {
    test::HandSealer hand = world.far.by_hand();
    const std::uint64_t sent = world.stream.sent();
    std::string records;
    for (int i = 0; i < 3000; ++i) records += hand.seal(Content::handshake, std::string("\1\0\0\0", 4));
    world.far.send(records);
    co_await arrived(world, records.size());
    EXPECT_EQ(read(world.stream).error, Stream::kBroken);
    EXPECT_LT(world.stream.sent() - sent + world.stream.kept(), 64 * (kFree + 1)) << "no further alert";
    EXPECT_EQ(world.stream.unread(), world.socket.unread());
  });
}

TEST_F(TlsStreamFlood, ServerThatAsksForHandshakesIsRefusedAndThenCutOff) {
  run(kClient12, [](World& world) -> net::awaitable<void> {
    const auto ask = [&] {
      EXPECT_EQ(::SSL_renegotiate(world.far.ssl()), 1);
      ::SSL_do_handshake(world.far.ssl());
      return world.far.due();
    };
    const std::uint64_t sent = world.stream.sent();
    world.far.send(ask());
    world.far.say("still here");
    const std::string got = co_await read_all(world, 10);
    EXPECT_EQ(got, "still here");
    EXPECT_EQ(world.stream.alert(), "no_renegotiation");
    EXPECT_GT(world.stream.sent(), sent);
    std::string records;
    for (std::size_t i = 0; i < 1000; ++i) records += ask();
    world.far.send(records);
    co_await arrived(world, records.size());
    EXPECT_EQ(read(world.stream).error, Stream::kBroken);
    EXPECT_LT(world.stream.sent() - sent + world.stream.kept(), 64 * (kFree + 1));
  });
}

TEST_F(TlsStreamFlood, EmptyRecordsAreSkippedAndWithoutEndTheyAreBroken) {
  for (const Way& way : {kServer12, kServer13}) {
    run(way, [](World& world) -> net::awaitable<void> {
      test::HandSealer hand = world.far.by_hand();
      std::string records;
      for (int i = 0; i < 32; ++i) records += hand.seal(Content::data, "");
      records += hand.seal(Content::data, "between");
      world.far.send(records);
      const std::string got = co_await read_all(world, 7);
      EXPECT_EQ(got, "between");
      records.clear();
      for (int i = 0; i < 33; ++i) records += hand.seal(Content::data, "");
      world.far.send(records);
      co_await arrived(world, records.size());
      EXPECT_EQ(read(world.stream).error, Stream::kBroken);
    });
  }
}

TEST_F(TlsStreamFlood, ATurnIsBoundedWhereMostRecordsAreEmpty) {
  for (const Way& way : {kServer12, kServer13}) {
    run(way, [](World& world) -> net::awaitable<void> {
      test::HandSealer hand = world.far.by_hand();
      std::string records;
      for (int i = 0; i < 5000; ++i) records += hand.seal(Content::data, i % 32 == 31 ? "x" : "");
      world.far.send(records);
      co_await arrived(world, records.size());
      std::size_t got = 0;
      while (got < 5000 / 32) {
        const std::size_t before = world.socket.unread();
        if (!world.stream.readable()) ADD_FAILURE() << got;
        if (!world.stream.readable()) co_return;
        const Read piece = read(world.stream);
        if (piece.status == Status::failed) ADD_FAILURE() << world.stream.problem();
        if (piece.status == Status::failed) co_return;
        EXPECT_LE(piece.text.size(), Stream::kRecordsAtOnce);
        EXPECT_LE(before - world.socket.unread(), Buffers::kInput);
        got += piece.text.size();
      }
    });
  }
}

// Ends.

TEST_P(TlsStream, CloseNotifyIsAnEndBehindTheLastByte) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    std::string records = world.far.seal("last words");
    records += world.far.close_notify();
    world.far.send(records);
    co_await arrived(world, records.size());
    EXPECT_EQ(read(world.stream).text, "last words");
    EXPECT_TRUE(world.stream.readable());
    EXPECT_EQ(read(world.stream).status, Status::end);
    EXPECT_EQ(read(world.stream).status, Status::end);
    EXPECT_TRUE(world.stream.peer_ended());
    EXPECT_FALSE(world.stream.truncated());
    EXPECT_EQ(world.stream.alert(), "") << "close_notify is none";
    world.stream.write(bytes_of("answer"));
    EXPECT_EQ(world.stream.kept(), 0u);
    EXPECT_TRUE(world.stream.finish(io::Closes::now));
    co_await until(world, [&] { return (world.far.hear(), world.far.closed()); });
    EXPECT_EQ(world.far.hear(), "answer");
    EXPECT_FALSE(world.far.fin()) << "whoever closes sends it";
  });
}

TEST_P(TlsStream, AFinWithoutCloseNotifyIsAnEndThatIsMarked) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    world.far.say("cut");
    world.far.send(world.far.seal("never whole").substr(0, 9));
    world.far.peer().shutdown_write();
    co_await until(world, [&] { return world.stream.peer_ended(); });
    EXPECT_EQ(read(world.stream).text, "cut");
    EXPECT_FALSE(world.stream.truncated()) << "not before its last byte was read";
    EXPECT_TRUE(world.stream.readable());
    EXPECT_EQ(read(world.stream).status, Status::end);
    EXPECT_TRUE(world.stream.truncated());
    EXPECT_EQ(world.stream.unread(), 0u) << "nothing is under way any more";
    world.stream.write(bytes_of("answer"));
    co_await until(world, [&] { return world.far.hear() == "answer"; });
    EXPECT_EQ(read(world.stream).status, Status::end);
  });
}

TEST_P(TlsStream, AFinWithoutCloseNotifyIsAFailureWhereItIsToBeOne) {
  Way way = GetParam();
  way.truncation = Truncation::failure;
  run(way, [](World& world) -> net::awaitable<void> {
    const std::string record = world.far.seal("half a record");
    world.far.send(record.substr(0, record.size() - 1));
    world.far.peer().shutdown_write();
    co_await until(world, [&] { return world.stream.peer_ended(); });
    Read got{};
    co_await until(world, [&] { return (got = read(world.stream)).status != Status::would_block; });
    EXPECT_EQ(got.status, Status::failed);
    EXPECT_EQ(got.error, Stream::kTruncated);
    EXPECT_TRUE(world.stream.truncated());
    EXPECT_EQ(read(world.stream).error, Stream::kTruncated);
    EXPECT_TRUE(world.stream.finish(io::Closes::later)) << "the other way is closed in order";
    co_await until(world, [&] { return (world.far.hear(), world.far.fin()); });
    EXPECT_TRUE(world.far.closed());
  });
}

TEST_P(TlsStream, CloseNotifyIsNoFailureWhereAFinWithoutIt) {
  Way way = GetParam();
  way.truncation = Truncation::failure;
  run(way, [](World& world) -> net::awaitable<void> {
    world.far.send(world.far.close_notify());
    world.far.peer().shutdown_write();
    co_await readable(world);
    EXPECT_EQ(read(world.stream).status, Status::end);
    EXPECT_FALSE(world.stream.truncated());
  });
}

TEST_P(TlsStream, ABrokenRecordFailsBehindWhatStoodBeforeIt) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    std::string records = world.far.seal("good");
    records += world.far.seal("bad");
    records.back() = static_cast<char>(records.back() ^ 1);
    world.far.send(records);
    co_await arrived(world, records.size());
    EXPECT_EQ(read(world.stream).text, "good");
    EXPECT_TRUE(world.stream.readable());
    const Read got = read(world.stream);
    EXPECT_EQ(got.status, Status::failed);
    EXPECT_EQ(got.error, Stream::kBroken);
    EXPECT_EQ(world.stream.failure(), Stream::Failure::protocol);
    EXPECT_EQ(world.stream.alert(), "bad_record_mac");
    EXPECT_FALSE(world.stream.truncated());
    co_await until(world, [&] { return (world.far.hear(), !world.far.problem().empty()); });
    EXPECT_THAT(world.far.problem(), HasSubstr("bad record mac")) << "the peer is told";
    EXPECT_EQ(world.stream.write(bytes_of("more")).error, Stream::kBroken);
  });
}

TEST_F(TlsStreamEnd, AnAlertOfThePeerBreaksIt) {
  for (const Way& way : {kServer12, kServer13}) {
    run(way, [](World& world) -> net::awaitable<void> {
      world.far.send(world.far.by_hand().seal(Content::alert, "\2\x50"));
      co_await readable(world);
      EXPECT_EQ(read(world.stream).error, Stream::kBroken);
      EXPECT_EQ(world.stream.failure(), Stream::Failure::alert);
      EXPECT_EQ(world.stream.alert(), "internal_error");
    });
  }
}

TEST_P(TlsStream, ARstIsTheSocketsError) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    world.far.peer().reset();
    co_await until(world, [&] { return world.stream.failed(); });
    const Read got = read(world.stream);
    EXPECT_EQ(got.status, Status::failed);
    EXPECT_EQ(got.error, ECONNRESET);
    EXPECT_FALSE(world.stream.truncated());
    const io::IoResult put = world.stream.write(bytes_of("nobody is there"));
    EXPECT_TRUE(put.status == Status::failed || world.stream.kept() > 0);
  });
}

TEST_P(TlsStream, WhatIsKeptFailsWithTheSocket) {
  run(GetParam(), [](World& world) -> net::awaitable<void> {
    co_await fill(world);
    world.far.peer().reset();
    co_await until(world, [&] { return world.stream.failed(); });
    int error = 0;
    co_await until(world, [&] { return (error = world.stream.flush()) != 0; });
    EXPECT_TRUE(error == ECONNRESET || error == EPIPE) << error;
    EXPECT_GT(world.stream.kept(), 0u);
    EXPECT_EQ(world.stream.error(), error);
  });
}

TEST_P(TlsStream, FinishWaitsUntilTheSocketHasTakenAllAndSaysItOnce) {
  for (const io::Closes closes : {io::Closes::later, io::Closes::now}) {
    run(GetParam(), [closes](World& world) -> net::awaitable<void> {
      const std::string text = co_await fill(world);
      EXPECT_FALSE(world.stream.finish(closes));
      const std::size_t all = world.stream.kept() + static_cast<std::size_t>(world.stream.sent());
      EXPECT_FALSE(world.stream.finish(closes));
      EXPECT_EQ(world.stream.kept() + world.stream.sent(), all) << "a second close_notify";
      world.far.say("reading goes on");
      const std::string got = co_await read_all(world, 15);
      EXPECT_EQ(got, "reading goes on");
      co_await until(world, [&] {
        EXPECT_FALSE(world.far.fin());
        world.far.take(kRecord);
        return world.stream.finish(closes);
      });
      EXPECT_EQ(world.stream.kept(), 0u);
      EXPECT_EQ(world.stream.sent(), all);
      EXPECT_TRUE(world.stream.finish(closes));
      EXPECT_EQ(world.stream.sent(), all);
      co_await until(world, [&] { return (world.far.hear(), world.far.closed()); });
      if (closes == io::Closes::later) co_await until(world, [&] { return (world.far.hear(), world.far.fin()); });
      EXPECT_EQ(world.far.fin(), closes == io::Closes::later);
      EXPECT_EQ(world.far.hear() == text, true);
      EXPECT_EQ(world.far.taken(), all);
      EXPECT_EQ(world.far.problem(), "");
    });
  }
}

}  // namespace
}  // namespace weir::tls
