#include "common/io/pipe_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

namespace weir::io {
namespace {

using std::chrono::seconds;

const Clock::time_point kNow{seconds(1000)};

TEST(PipePool, KeepsAPipeThatComesBackEmptyForTheNext) {
  SpareDescriptor spare;
  PipePool pool(2, spare);
  PipePtr first = pool.take(kNow);
  ASSERT_TRUE(first);
  EXPECT_GE(first->capacity, PipePool::kSmallest);
  const int number = first->read_end.get();
  first.reset();
  EXPECT_EQ(pool.on_loan(), 0u);
  EXPECT_EQ(pool.take(kNow)->read_end.get(), number);
}

TEST(PipePool, ClosesAPipeThatComesBackWithBytesInIt) {
  SpareDescriptor spare;
  PipePool pool(1, spare);
  PipePtr pipe = pool.take(kNow);
  ASSERT_TRUE(pipe);
  ASSERT_EQ(::write(pipe->write_end.get(), "left", 4), 4);
  pipe->inside = 4;
  pipe.reset();
  const PipePtr next = pool.take(kNow);
  ASSERT_TRUE(next) << "the place of the closed one is free again";
  char byte = 0;
  EXPECT_EQ(::read(next->read_end.get(), &byte, 1), -1) << "nobody gets what another connection left";
}

TEST(PipePool, LendsNoMoreThanItsBound) {
  SpareDescriptor spare;
  PipePool pool(2, spare);
  PipePtr first = pool.take(kNow);
  const PipePtr second = pool.take(kNow);
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(pool.take(kNow));
  first.reset();
  EXPECT_TRUE(pool.take(kNow));
}

TEST(PipePool, TriesAgainAfterAPauseWhenDescriptorsHadRunOut) {
  SpareDescriptor spare;
  PipePool pool(1, spare);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const PipePtr refused = pool.take(kNow);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(refused);
  EXPECT_FALSE(pool.take(kNow + seconds(0))) << "a stream asks with every read";
  EXPECT_TRUE(pool.take(kNow + PipePool::kPause));
}

}  // namespace
}  // namespace weir::io
