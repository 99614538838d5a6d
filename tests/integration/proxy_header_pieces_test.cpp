#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "common/proxy_protocol.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/random_bytes.hpp"

/// PROXY headers that come in pieces behind which MSG_PEEK does not see: passed descriptors and urgent marks.
namespace weir::test {
namespace {

using namespace std::string_literals;

const std::string kV1 = "PROXY TCP4 192.0.2.1 198.51.100.2 4242 80\r\n";

/// `filling` bytes long and more.
std::string v2_header(std::uint8_t filling = 15) {
  const auto endpoint = [](const char* text) {
    return resolve(parse_address(text, AddressUse::target), AddressUse::target).front();
  };
  return make_proxy_header(ProxyVersion::v2, {endpoint("192.0.2.1:4242"), endpoint("198.51.100.2:80"),
                                              "\xe0\0"s + static_cast<char>(filling) + random_bytes(filling), true});
}

/// Both ends of a pipe. The write end is passed along; as long as anybody holds it, the read end has no end.
struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    read = io::Descriptor(ends[0]);
    write = io::Descriptor(ends[1]);
  }
  /// Whether every copy of the write end was closed.
  bool is_forgotten() {
    write.close();
    return wait_until([this] {
      pollfd state{read.get(), POLLIN, 0};
      return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
    });
  }

  io::Descriptor read;
  io::Descriptor write;
};

void send_with_descriptor(const Peer& peer, std::string_view bytes, int descriptor) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  ASSERT_EQ(::sendmsg(peer.fd(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

class HeaderOverUnix : public testing::TestWithParam<const char*> {
 protected:
  HeaderOverUnix()
      : daemon_(Daemon::with_config("listeners: [{name: l, bind: 'unix:" + dir_.file("l.sock") +
                                    "', echo: {}, accept_proxy_protocol: required}]\n")) {}

  static std::string header_of_version() { return GetParam() == "v1"s ? kV1 : v2_header(); }

  const TempDir dir_;
  const Daemon daemon_;
};

TEST_P(HeaderOverUnix, ItsPiecesMayCarryDescriptorsWhichAreClosed) {
  constexpr unsigned kPieces = 3;
  for (unsigned carriers = 0; carriers < 1U << kPieces; ++carriers) {
    for (const bool paced : {false, true}) {
      const std::string header = header_of_version();
      Pipe pipe;
      Peer client = daemon_.connect();
      for (unsigned i = 0; i < kPieces; ++i) {
        const std::size_t from = i * header.size() / kPieces;
        std::string piece = header.substr(from, (i + 1) * header.size() / kPieces - from);
        if (i + 1 == kPieces) piece += "hel";
        if ((carriers >> i & 1) != 0) {
          send_with_descriptor(client, piece, pipe.write.get());
        } else {
          client.send_all(piece);
        }
        if (paced && i + 1 < kPieces) {
          EXPECT_FALSE(client.readable(std::chrono::milliseconds(5)));
        }
      }
      client.send_all("lo");
      ASSERT_EQ(client.receive_exactly(5), "hello") << carriers << paced;
      EXPECT_TRUE(pipe.is_forgotten()) << carriers << paced;
      client.shutdown_write();
      const Received rest = client.receive_until_end();
      EXPECT_EQ(rest.bytes, "");
      EXPECT_EQ(rest.ending, Ending::fin);
    }
  }
  for (const Record& record : daemon_.wait_for_records(2 << kPieces)) {
    EXPECT_EQ(record.text("proxied_client"), "192.0.2.1:4242");
    EXPECT_EQ(record.bytes_in(), 5);
    EXPECT_EQ(record.end(), "client_closed");
  }
}

TEST_P(HeaderOverUnix, AnyCutsAreTheSame) {
  std::mt19937 random(4242);
  for (int round = 0; round < 100; ++round) {
    const std::string header = header_of_version();
    const std::string data = random_bytes(1 + random() % 2000);
    const std::string all = header + data;
    Pipe pipe;
    Peer client = daemon_.connect();
    for (std::size_t from = 0; from < all.size();) {
      // In small pieces as far as the header goes.
      const std::size_t most = from < header.size() ? 20 : all.size();
      const std::string piece = all.substr(from, 1 + random() % most);
      if (random() % 2 == 0) {
        send_with_descriptor(client, piece, pipe.write.get());
      } else {
        client.send_all(piece);
      }
      from += piece.size();
      if (random() % 8 == 0) client.readable(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(client.receive_exactly(data.size()), data) << round;
    ASSERT_TRUE(pipe.is_forgotten()) << round;
  }
}

TEST_P(HeaderOverUnix, OneThatEndsWithinItIsNone) {
  const std::string header = header_of_version();
  Pipe pipe;
  Peer client = daemon_.connect();
  send_with_descriptor(client, header.substr(0, 10), pipe.write.get());
  client.send_all(header.substr(10, 10));
  client.shutdown_write();
  EXPECT_EQ(client.receive_until_end().bytes, "");
  EXPECT_EQ(daemon_.wait_for_record().end(), "bad_proxy_header");
  EXPECT_TRUE(pipe.is_forgotten());
}

INSTANTIATE_TEST_SUITE_P(Each, HeaderOverUnix, testing::Values("v1", "v2"),
                         [](const auto& each) { return std::string(each.param); });

/// A unix socket's sender is charged for each piece until that is read, however small it is.
TEST(HeaderOverUnixSocket, MayComeInMorePiecesThanItsSenderCanQueue) {
  const TempDir dir;
  const Daemon daemon = Daemon::with_config("listeners: [{name: l, bind: 'unix:" + dir.file("l.sock") +
                                            "', echo: {}, accept_proxy_protocol: required}]\n");
  Peer client = daemon.connect("", {.send_buffer = 4096});
  const std::string header = v2_header(255);
  for (const char byte : header) client.send_all(std::string(1, byte));
  client.send_all("hello");
  EXPECT_EQ(client.receive_exactly(5), "hello");
}

TEST(HeaderOverTcp, AnUrgentMarkMayStandAnywhereInIt) {
  const Daemon daemon = Daemon::with_config(echo_config("accept_proxy_protocol: required"));
  for (const std::string& header : {kV1, v2_header()}) {
    for (std::size_t mark = 0; mark < header.size(); ++mark) {
      for (const bool paced : {false, true}) {
        Peer client = daemon.connect();
        if (mark > 0) client.send_all(header.substr(0, mark));
        client.send_urgent(header[mark]);
        if (paced && mark + 1 < header.size()) {
          EXPECT_FALSE(client.readable(std::chrono::milliseconds(1)));
        }
        client.send_all(header.substr(mark + 1) + "hello");
        ASSERT_EQ(client.receive_exactly(5), "hello") << mark << paced;
      }
    }
  }
}

}  // namespace
}  // namespace weir::test
