#include <gtest/gtest.h>

#include "tests/support/daemon.hpp"
#include "tests/support/random_bytes.hpp"

namespace weir::test {
namespace {

TEST(Discard, SwallowsEverythingAnswersNothingAndEndsWithTheClient) {
  Daemon daemon = Daemon::with_verb({"discard", "127.0.0.1:0"});
  Peer client = daemon.connect();
  client.send_all(random_bytes(8 << 20));
  EXPECT_FALSE(client.readable(std::chrono::milliseconds(50)));
  client.shutdown_write();
  const Received received = client.receive_until_end();
  EXPECT_EQ(received.bytes, "");
  EXPECT_EQ(received.ending, Ending::fin);
  const Record record = daemon.wait_for_record();
  EXPECT_EQ(record.end(), "client_closed");
  EXPECT_EQ(record.bytes_in(), 8 << 20);
  EXPECT_EQ(record.bytes_out(), 0);
}

TEST(Discard, RecordsAClientsReset) {
  Daemon daemon = Daemon::with_verb({"discard", "127.0.0.1:0"});
  Peer client = daemon.connect();
  client.send_all("some");
  client.reset();
  EXPECT_EQ(daemon.wait_for_record().end(), "client_reset");
}

TEST(Discard, GoesOnAfterUrgentData) {
  Daemon daemon = Daemon::with_verb({"discard", "127.0.0.1:0"});
  Peer client = daemon.connect();
  client.send_all("before");
  client.send_urgent('!');
  client.send_all("after");
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().ending, Ending::fin);
  EXPECT_EQ(daemon.wait_for_record().bytes_in(), 12);
}

}  // namespace
}  // namespace weir::test
