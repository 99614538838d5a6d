#include "server/upstream/cut_watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/prepare_upstream.hpp"
#include "server/upstream/upstream.hpp"

namespace weir {
namespace {

/// Sessions on backends of an upstream: slots of a loop, of which those that were woken are counted.
class CutWatchTest : public testing::Test {
 protected:
  void make(UpstreamConfig::OnDown on_down) {
    config_.name = "back";
    config_.on_down = on_down;
    for (int i = 0; i < 2; ++i) {
      config_.servers.push_back(
          {.address = parse_address("127.0.0.1:" + std::to_string(1000 + i), AddressUse::target)});
    }
    upstream_.emplace(prepare_upstream(std::make_shared<const UpstreamConfig>(config_)));
  }
  Backend& backend(std::size_t index) { return *upstream_->backends()[index]; }
  void set_up(std::size_t index, bool up) {
    upstream_->set_up(backend(index), up, "the test says so", io::Clock::now());
  }
  /// The numbers of the slots that were woken by now.
  std::vector<std::size_t> woken() {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      loop_.spawn(note_wake(*slots_[i], i, list), [](std::exception_ptr) {});
    }
    loop_.post([this] { loop_.post([this] { loop_.stop(); }); });
    loop_.run();
    return list;
  }
  static net::awaitable<void> note_wake(io::Slot& slot, std::size_t number, std::vector<std::size_t>& list) {
    co_await slot.wait();
    list.push_back(number);
  }

  UpstreamConfig config_;
  std::optional<Upstream> upstream_;
  io::EventLoop loop_;
  std::vector<io::SlotPtr> slots_;
};

TEST_F(CutWatchTest, OnlyTheSessionsOfTheBackendThatWentDownAreWoken) {
  make(UpstreamConfig::OnDown::reset);
  for (int i = 0; i < 4; ++i) slots_.push_back(loop_.acquire(1));
  const CutWatch first(backend(0), *slots_[0]);
  const CutWatch second(backend(1), *slots_[1]);
  const CutWatch third(backend(0), *slots_[2]);
  {
    const CutWatch gone(backend(0), *slots_[3]);
  }
  const std::uint32_t cuts = backend(0).cuts();
  set_up(0, false);
  EXPECT_NE(backend(0).cuts(), cuts);
  EXPECT_EQ(backend(1).cuts(), cuts);
  EXPECT_EQ(woken(), (std::vector<std::size_t>{0, 2}));
}

TEST_F(CutWatchTest, ASessionThatEndedBeforeTheWakeUpCameIsNobody) {
  make(UpstreamConfig::OnDown::reset);
  slots_.push_back(loop_.acquire(1));
  {
    const CutWatch watch(backend(0), *slots_[0]);
    set_up(0, false);
  }
  slots_[0] = loop_.acquire(1);
  EXPECT_EQ(woken(), std::vector<std::size_t>{});
}

TEST_F(CutWatchTest, NobodyIsWokenWhereConnectionsAreKept) {
  make(UpstreamConfig::OnDown::keep);
  slots_.push_back(loop_.acquire(1));
  const CutWatch watch(backend(0), *slots_[0]);
  const std::uint32_t cuts = backend(0).cuts();
  set_up(0, false);
  EXPECT_EQ(backend(0).cuts(), cuts);
  EXPECT_EQ(woken(), std::vector<std::size_t>{});
}

TEST_F(CutWatchTest, NobodyIsWokenWhenABackendComesUp) {
  make(UpstreamConfig::OnDown::reset);
  set_up(0, false);
  slots_.push_back(loop_.acquire(1));
  const CutWatch watch(backend(0), *slots_[0]);
  set_up(0, true);
  EXPECT_EQ(woken(), std::vector<std::size_t>{});
}

}  // namespace
}  // namespace weir
