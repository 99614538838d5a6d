#include "common/io/spare_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/fake_backend.hpp"
#include "tests/support/no_descriptors.hpp"

namespace weir::io {
namespace {

using test::Ending;
using test::NoDescriptors;
using test::Peer;
using Refusal = SpareDescriptor::Refusal;

class SpareDescriptorTest : public testing::Test {
 protected:
  SpareDescriptorTest() { ::fcntl(listener_.fd(), F_SETFL, O_NONBLOCK); }

  bool can_accept() {
    const Descriptor accepted(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    return static_cast<bool>(accepted);
  }

  test::TestListener listener_;
};

TEST_F(SpareDescriptorTest, RefusesWithAResetAndSaysWhomItRefused) {
  SpareDescriptor spare;
  Peer client = Peer::connect(listener_.endpoint());
  Endpoint peer;
  EXPECT_EQ(spare.refuse_one(listener_.fd(), peer), Refusal::refused);
  EXPECT_EQ(peer.to_string(), client.local_name());
  EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
}

TEST_F(SpareDescriptorTest, RefusesNobodyWhereNobodyWaits) {
  SpareDescriptor spare;
  Endpoint peer;
  EXPECT_EQ(spare.refuse_one(listener_.fd(), peer), Refusal::none_waiting);
}

TEST_F(SpareDescriptorTest, RefusesOneAfterTheOtherWhileThereAreNoDescriptors) {
  SpareDescriptor spare;
  std::vector<Peer> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Peer::connect(listener_.endpoint()));
  std::vector<Refusal> refusals;
  {
    const NoDescriptors none;
    ASSERT_FALSE(can_accept());
    Endpoint peer;
    for (int i = 0; i < 4; ++i) refusals.push_back(spare.refuse_one(listener_.fd(), peer));
    EXPECT_EQ(::open("/dev/null", O_RDONLY | O_CLOEXEC), -1) << "the spare is not taken back";
  }
  EXPECT_EQ(refusals, (std::vector{Refusal::refused, Refusal::refused, Refusal::refused, Refusal::none_waiting}));
  for (Peer& client : clients) EXPECT_EQ(client.receive_until_end().ending, Ending::reset);
}

TEST_F(SpareDescriptorTest, WhoGainedADescriptorKeepsItWhileTheSpareIsThere) {
  SpareDescriptor spare;
  Descriptor gained(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(spare.keep(gained));
  EXPECT_TRUE(gained);
}

TEST_F(SpareDescriptorTest, WhoTookTheSparesPlaceGivesItBack) {
  Peer first = Peer::connect(listener_.endpoint());
  const Peer second = Peer::connect(listener_.endpoint());
  Descriptor gained(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  Descriptor later(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  const NoDescriptors none;
  SpareDescriptor spare;  // finds none
  EXPECT_FALSE(spare.keep(gained));
  EXPECT_FALSE(gained);
  EXPECT_EQ(first.receive_until_end().ending, Ending::reset);
  EXPECT_TRUE(spare.keep(later)) << "the spare is there again";
  EXPECT_TRUE(later);
}

/// Lowers the limit, as the kernel knows it, while it lives.
class LowLimit {
 public:
  explicit LowLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &low);
  }
  ~LowLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  LowLimit(const LowLimit&) = delete;
  LowLimit& operator=(const LowLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(SpareDescriptorTest, TheLastNumbersAreLeftToOthers) {
  const LowLimit low(800);
  SpareDescriptor spare;
  EXPECT_FALSE(spare.is_left_to_others(791));
  EXPECT_TRUE(spare.is_left_to_others(792));
  Peer client = Peer::connect(listener_.endpoint());
  const Descriptor accepted(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  Descriptor high(::fcntl(accepted.get(), F_DUPFD_CLOEXEC, 791));
  EXPECT_TRUE(spare.keep(high));
  Descriptor higher(::fcntl(accepted.get(), F_DUPFD_CLOEXEC, 792));
  EXPECT_FALSE(spare.keep(higher));
  EXPECT_FALSE(higher);
}

TEST_F(SpareDescriptorTest, ALimitThatIsRaisedLaterCounts) {
  std::optional<LowLimit> low(std::in_place, 800);
  SpareDescriptor spare;
  EXPECT_TRUE(spare.is_left_to_others(799));
  low.reset();
  EXPECT_FALSE(spare.is_left_to_others(799));
}

TEST_F(SpareDescriptorTest, OfASmallLimitOnlyAPartIsLeftToOthers) {
  const LowLimit low(24);
  SpareDescriptor spare;
  EXPECT_FALSE(spare.is_left_to_others(20));
  EXPECT_TRUE(spare.is_left_to_others(21));
}

}  // namespace
}  // namespace weir::io
