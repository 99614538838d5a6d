#include "common/io/stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/fake_backend.hpp"

namespace weir::io {
namespace {

using test::Peer;
using Status = IoResult::Status;

/// A stream on a loop of its own, and its peer, which the test plays.
class StreamTest : public testing::Test {
 protected:
  using Body = std::function<net::awaitable<void>(Slot&, Stream&)>;

  /// Runs `body` with the accepted end of a TCP connection.
  void with_tcp(const Body& body) {
    peer_ = Peer::connect(listener_.endpoint());
    const Peer accepted = listener_.accept();
    run(Descriptor(::fcntl(accepted.fd(), F_DUPFD_CLOEXEC, 0)), true, body);
  }

  /// Runs `body` with one end of a pair of unix sockets.
  void with_unix(const Body& body) {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    peer_ = Peer(Descriptor(fds[0]));
    run(Descriptor(fds[1]), false, body);
  }

  static std::string read(Stream& stream, std::size_t most, Status& status) {
    std::string bytes(most, '\0');
    const IoResult result = stream.read(std::as_writable_bytes(std::span(bytes)));
    status = result.status;
    return bytes.substr(0, result.bytes);
  }

  test::TestListener listener_;
  Peer peer_;
  Status status_{};

 private:
  void run(Descriptor socket, bool inet, const Body& body) {
    EventLoop loop;
    loop.spawn(play(loop, std::move(socket), inet, body), [&loop](const std::exception_ptr& failure) {
      loop.stop();
      if (failure) std::rethrow_exception(failure);
    });
    loop.run();
  }

  static net::awaitable<void> play(EventLoop& loop, Descriptor socket, bool inet, const Body& body) {
    const SlotPtr slot = loop.acquire(1);
    Stream stream(*slot, Side::first, StreamSocket(std::move(socket)), inet);
    EXPECT_TRUE(stream.valid());
    co_await body(*slot, stream);
  }
};

TEST_F(StreamTest, ShortReadMeansThatNothingMoreIsThere) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.send_all("hello");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(read(stream, 4096, status_), "hello");
    EXPECT_FALSE(stream.readable());
    peer_.send_all("again");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(read(stream, 5, status_), "again");
    EXPECT_TRUE(stream.readable()) << "a full buffer says nothing of what follows";
    EXPECT_EQ(read(stream, 5, status_), "");
    EXPECT_EQ(status_, Status::would_block);
    EXPECT_FALSE(stream.readable());
  });
}

TEST_F(StreamTest, ShortReadBeforeAFinLeavesTheFinToBeRead) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.send_all("hello");
    peer_.shutdown_write();
    while (!stream.peer_ended()) co_await slot.wait();
    EXPECT_EQ(read(stream, 4096, status_), "hello");
    EXPECT_TRUE(stream.readable()) << "no second edge comes";
    EXPECT_EQ(read(stream, 4096, status_), "");
    EXPECT_EQ(status_, Status::end);
  });
}

TEST_F(StreamTest, ShortReadOfAUnixSocketDoesNotMeanThatItIsEmpty) {
  with_unix([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.send_all("hello");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(read(stream, 4096, status_), "hello");
    EXPECT_TRUE(stream.readable());
    EXPECT_EQ(read(stream, 4096, status_), "");
    EXPECT_EQ(status_, Status::would_block);
    EXPECT_FALSE(stream.readable());
  });
}

TEST_F(StreamTest, PeekLeavesWhatItShowsAndMoreCanBeAwaited) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    std::string shown(16, '\0');
    peer_.send_all("PRO");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(stream.peek(std::as_writable_bytes(std::span(shown))).bytes, 3u);
    EXPECT_TRUE(stream.readable());
    EXPECT_TRUE(stream.await_more());
    EXPECT_FALSE(stream.readable());
    peer_.send_all("XY");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(read(stream, 16, status_), "PROXY");
  });
}

TEST_F(StreamTest, NothingMoreIsAwaitedBehindAFin) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.send_all("PRO");
    peer_.shutdown_write();
    while (!stream.peer_ended()) co_await slot.wait();
    EXPECT_FALSE(stream.await_more());
    EXPECT_TRUE(stream.readable());
    EXPECT_EQ(read(stream, 16, status_), "PRO");
  });
}

TEST_F(StreamTest, ResetWhoseErrorWasTakenDoesNotReadAsAFin) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.reset();
    while (!stream.failed()) co_await slot.wait();
    EXPECT_EQ(stream.take_error(), ECONNRESET);
    EXPECT_EQ(read(stream, 16, status_), "");
    EXPECT_EQ(status_, Status::failed);
  });
}

TEST_F(StreamTest, ResetThatAWriteMetDoesNotReadAsAFin) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    peer_.reset();
    while (!stream.failed()) co_await slot.wait();
    slot.forget(Side::first);  // as if no event had come yet
    const std::string bytes = "x";
    EXPECT_EQ(stream.write(std::as_bytes(std::span(bytes))).status, Status::failed);
    EXPECT_EQ(read(stream, 16, status_), "");
    EXPECT_EQ(status_, Status::failed);
  });
}

TEST_F(StreamTest, ShortWriteMeansThatItIsFullUntilThePeerReads) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    const std::string much(16 << 20, 'x');
    std::size_t sent = 0;
    while (!stream.writable()) co_await slot.wait();
    while (stream.writable()) sent += stream.write(std::as_bytes(std::span(much))).bytes;
    EXPECT_GT(sent, 0u);
    EXPECT_GT(stream.unacknowledged(), 0u);
    EXPECT_EQ(peer_.receive_exactly(sent).size(), sent);
    while (!stream.writable()) co_await slot.wait();
    EXPECT_GT(stream.write(std::as_bytes(std::span(much))).bytes, 0u);
  });
}

TEST_F(StreamTest, OneWriteThatFallsShortLeavesItFull) {
  with_tcp([](Slot& slot, Stream& stream) -> net::awaitable<void> {
    const std::string more_than_any_buffer(64 << 20, 'x');
    while (!stream.writable()) co_await slot.wait();
    const IoResult result = stream.write(std::as_bytes(std::span(more_than_any_buffer)));
    EXPECT_LT(result.bytes, more_than_any_buffer.size());
    EXPECT_FALSE(stream.writable());
  });
}

TEST_F(StreamTest, TwoPartsAreWrittenInOrderAndCountedTogether) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    while (!stream.writable()) co_await slot.wait();
    const std::string head = "head ";
    const std::string payload = "payload";
    const IoResult result = stream.write(std::as_bytes(std::span(head)), std::as_bytes(std::span(payload)));
    EXPECT_EQ(result.bytes, 12u);
    EXPECT_EQ(peer_.receive_exactly(12), "head payload");
  });
}

TEST_F(StreamTest, PassesBytesThroughAPipeAndCountsWhatIsInIt) {
  SpareDescriptor spare;
  PipePool pool(1, spare);
  with_tcp([&](Slot& slot, Stream& stream) -> net::awaitable<void> {
    const PipePtr pipe = pool.take(Clock::now());
    EXPECT_TRUE(pipe);
    if (!pipe) co_return;
    peer_.send_all("hello weir");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(stream.read_into(*pipe, 5).bytes, 5u);
    EXPECT_EQ(pipe->inside, 5u);
    EXPECT_EQ(stream.unread(), 5u) << "no more than was asked for";
    EXPECT_EQ(stream.write_from(*pipe).bytes, 5u);
    EXPECT_EQ(pipe->inside, 0u);
    EXPECT_EQ(peer_.receive_exactly(5), "hello");
  });
}

TEST_F(StreamTest, MovingIntoAPipeLeavesTheEndToARead) {
  SpareDescriptor spare;
  PipePool pool(1, spare);
  with_tcp([&](Slot& slot, Stream& stream) -> net::awaitable<void> {
    const PipePtr pipe = pool.take(Clock::now());
    EXPECT_TRUE(pipe);
    if (!pipe) co_return;
    peer_.shutdown_write();
    while (!stream.peer_ended()) co_await slot.wait();
    EXPECT_EQ(stream.read_into(*pipe, 5).status, Status::would_block);
    EXPECT_TRUE(stream.readable());
    EXPECT_EQ(read(stream, 16, status_), "");
    EXPECT_EQ(status_, Status::end);
  });
}

TEST_F(StreamTest, ShutdownSendsAFinAndStillReads) {
  with_tcp([this](Slot& slot, Stream& stream) -> net::awaitable<void> {
    stream.shutdown_write();
    EXPECT_EQ(peer_.receive_until_end().ending, test::Ending::fin);
    peer_.send_all("late");
    while (!stream.readable()) co_await slot.wait();
    EXPECT_EQ(read(stream, 16, status_), "late");
  });
}

TEST(StreamErrors, SayWhoseFaultTheyAre) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC}) {
    EXPECT_TRUE(is_exhaustion(error)) << error;
    EXPECT_TRUE(is_local_error(error)) << error;
  }
  for (const int error : {EADDRNOTAVAIL, EADDRINUSE}) {
    EXPECT_FALSE(is_exhaustion(error)) << error;
    EXPECT_TRUE(is_local_error(error)) << error;
  }
  for (const int error : {0, ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH}) EXPECT_FALSE(is_local_error(error)) << error;
}

}  // namespace
}  // namespace weir::io
