#include "server/upgrade/upgrader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace weir::upgrade {
namespace {

/// A program that says what a new daemon says, and then goes on.
std::string write_program(const test::TempDir& folder) {
  std::string path = folder.write("program",
                                  "#!/bin/bash\n"
                                  "for step in prepared ready; do\n"
                                  "  echo \"{\\\"step\\\":\\\"$step\\\"}\" >&$WEIR_UPGRADE_FD\n"
                                  "done\n"
                                  "exec sleep 60\n");
  ::chmod(path.c_str(), 0755);
  return path;
}

net::awaitable<void> upgrade(Upgrader& upgrader, std::optional<admin::Upgrade>& outcome,
                             boost::asio::io_context& context) {
  outcome = co_await upgrader.upgrade("the test");
  context.stop();
}

TEST(Upgrader, StopsAcceptingInTheEndWhereMemoryIsScarce) {
  const test::TempDir folder;
  boost::asio::io_context context{1};
  const auto config = std::make_shared<const ServerConfig>();
  int tries = 0;
  Upgrader upgrader({context,
                     {write_program(folder), {"program"}},
                     config,
                     [] { return std::string(); },
                     [] { return false; },
                     [] { return InheritedSockets(); },
                     [] { return Drained(); },
                     [] { return tls::SecretBytes(); },
                     [&](const InheritedSockets&, const std::vector<std::size_t>&) {
                       if (++tries < 3) throw std::bad_alloc();
                     },
                     [](const InheritedSockets&) {}});
  std::optional<admin::Upgrade> outcome;
  boost::asio::co_spawn(context, upgrade(upgrader, outcome, context), [](const std::exception_ptr&) {});
  context.run();
  EXPECT_EQ(tries, 3);
  ASSERT_TRUE(outcome);
  EXPECT_GT(outcome->successor, 0);
  EXPECT_NE(upgrader.obstacle(), "");
  ::kill(outcome->successor, SIGKILL);
  ::waitpid(outcome->successor, nullptr, 0);
}

}  // namespace
}  // namespace weir::upgrade
