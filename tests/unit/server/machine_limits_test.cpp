#include "server/machine_limits.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// A machine made of files.
class MachineLimitsTest : public ::testing::Test {
 protected:
  MachineLimitsTest() {
    std::string pattern = (fs::temp_directory_path() / "weir-machine-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    write("proc/meminfo", "MemFree:  1000 kB\nMemTotal:       8388608 kB\nHugePages_Total:       0\n");
    write("proc/sys/net/core/somaxconn", "512\n");
    write("proc/sys/fs/pipe-user-pages-soft", "16384\n");
    write("proc/sys/fs/nr_open", "1048576\n");
    write("proc/self/cgroup", "12:cpu:/elsewhere\n0::/a/b\n");
  }
  ~MachineLimitsTest() override { fs::remove_all(root_); }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_;
};

TEST_F(MachineLimitsTest, WithoutAControlGroupTheMachineCounts) {
  const MachineLimits limits = read_machine_limits(root_);
  EXPECT_EQ(limits.memory, 8ull << 30);
  EXPECT_EQ(limits.somaxconn, 512u);
  EXPECT_EQ(limits.pipe_bytes, 16384u * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_GE(limits.cpus, 1u);
}

TEST_F(MachineLimitsTest, ControlGroupAndAllAboveItCap) {
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  write("sys/fs/cgroup/a/memory.max", "1073741824\n");
  write("sys/fs/cgroup/memory.max", "2147483648\n");
  write("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  const MachineLimits limits = read_machine_limits(root_);
  EXPECT_EQ(limits.memory, 1ull << 30);
  EXPECT_EQ(limits.cpus, 1u) << "half a CPU is rounded up";
}

TEST_F(MachineLimitsTest, ControlGroupWithoutLimitsCapsNothing) {
  const std::uint32_t cpus = read_machine_limits(root_).cpus;
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(read_machine_limits(root_).cpus, cpus);
  EXPECT_EQ(read_machine_limits(root_).memory, 8ull << 30);
}

TEST_F(MachineLimitsTest, GroupOutsideTheNamespaceFallsBackToTheMount) {
  write("proc/self/cgroup", "0::/../../other\n");
  write("sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_EQ(read_machine_limits(root_).memory, 1u << 20);
}

TEST_F(MachineLimitsTest, DescriptorsAreTheHardLimitUpToTheKernels) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  write("proc/sys/fs/nr_open", "64\n");
  EXPECT_EQ(read_machine_limits(root_).descriptors, std::min<std::uint64_t>(64, files.rlim_max));
}

TEST_F(MachineLimitsTest, LocalPortsAreThoseOfTheRange) {
  EXPECT_EQ(read_machine_limits(root_).local_ports, 28'232u) << "the kernel's default";
  write("proc/sys/net/ipv4/ip_local_port_range", "1024\t65535\n");
  EXPECT_EQ(read_machine_limits(root_).local_ports, 64'512u);
}

TEST_F(MachineLimitsTest, CpusAreCappedByEachGroupAboveAndRoundedUp) {
  const std::uint32_t all = read_machine_limits(root_).cpus;
  write("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(read_machine_limits(root_).cpus, std::min(all, 2u));
  write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");
  EXPECT_EQ(read_machine_limits(root_).cpus, 1u);
}

TEST_F(MachineLimitsTest, MemoryIsTheGroupsWhereTheMachinesIsUnknown) {
  fs::remove(root_ / "proc/meminfo");
  EXPECT_EQ(read_machine_limits(root_).memory, 0u);
  write("sys/fs/cgroup/a/memory.max", "1048576\n");
  EXPECT_EQ(read_machine_limits(root_).memory, 1u << 20);
}

TEST_F(MachineLimitsTest, WhatIsNotThereIsUnknown) {
  for (const char* file : {"proc/sys/net/core/somaxconn", "proc/sys/fs/pipe-user-pages-soft", "proc/self/cgroup"}) {
    fs::remove(root_ / file);
  }
  write("proc/sys/net/ipv4/ip_local_port_range", "65535 1024\n");
  write("sys/fs/cgroup/memory.max", "1048576\n");
  const MachineLimits limits = read_machine_limits(root_);
  EXPECT_EQ(limits.somaxconn, 0u);
  EXPECT_EQ(limits.pipe_bytes, 0u);
  EXPECT_EQ(limits.local_ports, 28'232u);
  EXPECT_EQ(limits.memory, 8ull << 30) << "in no group of version 2";
}

TEST(MachineLimits, ThisMachineHasSome) {
  const MachineLimits limits = read_machine_limits();
  EXPECT_GT(limits.descriptors, 0u);
  EXPECT_GT(limits.memory, 1u << 20);
}

TEST_F(MachineLimitsTest, FirstVersionOfControlGroupsCountsToo) {
  write("proc/self/cgroup", "12:cpu,cpuacct:/a/b\n4:memory:/c\n0::/\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/c/memory.limit_in_bytes", "67108864\n");
  const MachineLimits limits = read_machine_limits(root_);
  EXPECT_EQ(limits.cpus, 1u);
  EXPECT_EQ(limits.memory, 64ull << 20);
}

TEST_F(MachineLimitsTest, FirstVersionOfControlGroupsWithoutALimitIsNone) {
  write("proc/self/cgroup", "12:cpu,cpuacct:/\n4:memory:/\n");
  write("proc/meminfo", "MemFree:  1000 kB\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(read_machine_limits(root_).memory, 0u);
}

}  // namespace
}  // namespace weir
