#include "server/upstream/indexed_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kNumbers = 50;

/// Beside a std::set of the same keys.
class IndexedHeapTest : public testing::Test {
 protected:
  auto order() const {
    return [this](std::size_t a, std::size_t b) { return keys_[a] < keys_[b]; };
  }
  void push(std::size_t number, std::uint32_t key) {
    keys_[number] = key;
    heap_.push(number, order());
    expected_.emplace(key, number);
  }
  void update(std::size_t number, std::uint32_t key) {
    expected_.erase({keys_[number], number});
    keys_[number] = key;
    heap_.update(number, order());
    expected_.emplace(key, number);
  }
  void erase(std::size_t number) {
    expected_.erase({keys_[number], number});
    heap_.erase(number, order());
  }
  void expect_same() const {
    ASSERT_EQ(heap_.size(), expected_.size());
    ASSERT_EQ(heap_.empty(), expected_.empty());
    if (expected_.empty()) return;
    ASSERT_EQ(keys_[heap_.top()], expected_.begin()->first);
  }

  std::vector<std::uint32_t> keys_ = std::vector<std::uint32_t>(kNumbers);
  IndexedHeap heap_{kNumbers};
  std::set<std::pair<std::uint32_t, std::size_t>> expected_;
};

TEST_F(IndexedHeapTest, TheTopIsTheFirstWhateverIsPushedMovedAndTakenOut) {
  std::minstd_rand lots(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t number = lots() % kNumbers;
    const std::uint32_t key = lots() % 100;
    if (!heap_.contains(number)) {
      push(number, key);
    } else if (lots() % 2 == 0) {
      update(number, key);
    } else {
      erase(number);
    }
    expect_same();
  }
}

TEST_F(IndexedHeapTest, ComesOutInOrder) {
  for (std::size_t i = 0; i < kNumbers; ++i) push(i, static_cast<std::uint32_t>(i * 37 % kNumbers));
  for (std::uint32_t i = 0; i < kNumbers; ++i) {
    ASSERT_EQ(keys_[heap_.top()], i);
    erase(heap_.top());
  }
  EXPECT_TRUE(heap_.empty());
}

TEST_F(IndexedHeapTest, TakingOutWhatIsNotInItChangesNothing) {
  push(3, 1);
  heap_.erase(4, order());
  EXPECT_TRUE(heap_.contains(3));
  EXPECT_EQ(heap_.size(), 1u);
}

}  // namespace
}  // namespace weir
