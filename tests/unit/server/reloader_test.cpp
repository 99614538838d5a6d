#include "server/reloader.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <future>
#include <stdexcept>

namespace weir {
namespace {

TEST(Reloader, IsIdleOnceNoneIsUnderWayAndNoneWaits) {
  boost::asio::io_context context;
  std::promise<void> may_load;
  int loads = 0;
  const auto load = [&loads, released = may_load.get_future().share()](bool) -> ServerConfig {
    released.wait();
    ++loads;
    throw std::runtime_error("there is no file");
  };
  Reloader reloader({context, load, [] { return RunningState(); }, [] { return ConnectionCounts(); },
                     [] { return std::string(); }, [](PreparedReload&) {}, [](const auto& done) { done(); }});
  reloader.start("one");
  reloader.start("two");
  bool idle = false;
  net::asio::co_spawn(context.get_executor(), reloader.until_idle(), [&](const std::exception_ptr&) { idle = true; });
  context.poll();
  EXPECT_FALSE(idle);
  may_load.set_value();
  const auto guard = boost::asio::make_work_guard(context);
  while (!idle) context.run_one();
  EXPECT_EQ(loads, 2);
}

TEST(Reloader, IsIdleAtOnceWhereNothingIsReloaded) {
  boost::asio::io_context context;
  Reloader reloader({context, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr});
  bool idle = false;
  net::asio::co_spawn(context.get_executor(), reloader.until_idle(), [&](const std::exception_ptr&) { idle = true; });
  context.poll();
  EXPECT_TRUE(idle);
}

}  // namespace
}  // namespace weir
