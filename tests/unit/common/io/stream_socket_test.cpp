#include "common/io/stream_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/support/fake_backend.hpp"

namespace weir::io {
namespace {

using test::Ending;
using test::Peer;

class StreamSocketTest : public ::testing::Test {
 protected:
  StreamSocket accept() {
    const Peer accepted = listener_.accept();
    return StreamSocket(Descriptor(::fcntl(accepted.fd(), F_DUPFD_CLOEXEC, 0)));
  }
  Ending ending() { return client_.receive_until_end().ending; }

  test::TestListener listener_;
  Peer client_ = Peer::connect(listener_.endpoint());
};

TEST_F(StreamSocketTest, EndsWithAResetWhereNobodyClosedIt) {
  {
    const StreamSocket dropped = accept();
  }
  EXPECT_EQ(ending(), Ending::reset);
}

TEST_F(StreamSocketTest, EndsWithAFinWhereItWasClosed) {
  StreamSocket socket = accept();
  socket.close();
  EXPECT_FALSE(socket);
  EXPECT_EQ(ending(), Ending::fin);
}

TEST_F(StreamSocketTest, IsResetWhereAnotherTakesItsPlace) {
  StreamSocket socket = accept();
  socket = StreamSocket();
  EXPECT_EQ(ending(), Ending::reset);
}

TEST_F(StreamSocketTest, GoesOnWhereItIsMovedTo) {
  StreamSocket socket = accept();
  {
    StreamSocket moved = std::move(socket);
    moved.close();
  }
  EXPECT_EQ(ending(), Ending::fin);
}

}  // namespace
}  // namespace weir::io
