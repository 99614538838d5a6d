#include "server/listener/acceptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/support/bare_listener.hpp"
#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/no_descriptors.hpp"

/// What an acceptor takes in a turn, and how it does without descriptors.
namespace weir {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() { ::fcntl(listening_.fd(), F_SETFL, O_NONBLOCK); }

  void queue_clients(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) clients_.push_back(test::Peer::connect(listening_.endpoint()));
  }

  /// Clients that were accepted or refused.
  std::size_t gone() const { return accepted_ + listener_.ended(SessionEnd::refused_resources); }

  void interrupt() {
    listener_.loop().interrupt_all(static_cast<std::uint8_t>(SlotKind::acceptor),
                                   static_cast<std::uint8_t>(Interruption::shutdown));
  }

  /// One that has a turn whenever the acceptor has had one; it ends the acceptor once all clients are gone.
  net::awaitable<void> count_turns() {
    const io::SlotPtr slot = listener_.loop().acquire(9);
    const Clock::time_point give_up = Clock::now() + test::kHang;
    for (std::size_t before = 0; before < clients_.size() && Clock::now() < give_up; before = gone()) {
      co_await slot->yield();
      if (gone() > before) batches_.push_back({gone() - before, Clock::now()});
    }
    interrupt();
  }

  void run() {
    listener_.spawn(run_acceptor(context_));
    listener_.spawn(count_turns());
    listener_.run();
  }

  struct Batch {
    std::size_t size;
    Clock::time_point seen;
  };

  std::size_t largest_batch() const {
    std::size_t largest = 0;
    for (const Batch& batch : batches_) largest = std::max(largest, batch.size);
    return largest;
  }

  test::BareListener listener_{test::echo_config() + "access_log: {enabled: false}\n"};
  test::TestListener listening_{test::loopback(0), 1024};
  std::vector<test::Peer> clients_;
  std::size_t accepted_ = 0;
  bool interrupted_at_first_ = false;
  std::vector<Batch> batches_;
  AcceptorContext context_{listening_.fd(),
                           [this](const ListenerContextPtr&, const Arrival&) {
                             if (++accepted_ == 1 && interrupted_at_first_) interrupt();
                           },
                           listener_.context()};
};

TEST_F(AcceptorTest, TakesThirtyTwoATurnAtMost) {
  queue_clients(200);
  run();
  EXPECT_EQ(accepted_, 200u);
  EXPECT_EQ(largest_batch(), 32u);
}

TEST_F(AcceptorTest, TakesAllThatAreQueuedWhenItIsInterruptedAnd256OfThemATurn) {
  interrupted_at_first_ = true;
  queue_clients(400);
  run();
  EXPECT_EQ(accepted_, 400u);
  EXPECT_EQ(largest_batch(), 256u);
}

TEST_F(AcceptorTest, WithoutDescriptorsRefusesABatchAndPauses) {
  queue_clients(70);
  const test::NoDescriptors none;
  run();
  EXPECT_EQ(accepted_, 0u);
  EXPECT_EQ(listener_.ended(SessionEnd::refused_resources), 70u);
  ASSERT_GE(batches_.size(), 3u);
  EXPECT_EQ(batches_[0].size, 32u);
  EXPECT_GE(batches_[1].seen - batches_[0].seen, milliseconds(90));
  for (test::Peer& client : clients_) EXPECT_EQ(client.receive_until_end().ending, test::Ending::reset);
}

TEST_F(AcceptorTest, WhatIsAcceptedIsDeliveredWithItsPlaceInTheRange) {
  AcceptorContext third{listening_.fd(),
                        [this](const ListenerContextPtr&, const Arrival& arrival) {
                          EXPECT_EQ(arrival.port_offset, 3);
                          EXPECT_EQ(arrival.client.to_string(), clients_[accepted_++].local_name());
                        },
                        listener_.context(), 3};
  queue_clients(2);
  listener_.spawn(run_acceptor(third));
  listener_.spawn(count_turns());
  listener_.run();
  EXPECT_EQ(accepted_, 2u);
}

}  // namespace
}  // namespace weir
