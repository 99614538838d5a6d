#include "client/resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

namespace weir::load {
namespace {

using testing::HasSubstr;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

Endpoint endpoint_of(const char* text) {
  return resolve(parse_address(text, AddressUse::target), AddressUse::target)[0];
}

TEST(Resources, ConnectionsThatTheDescriptorsDoNotHoldAreRefusedWithTheRemedy) {
  LoadOptions options;
  const std::uint64_t limit = raise_descriptor_limit();
  options.connections = 1;
  EXPECT_EQ(error_of([&] { check_descriptors(options, 1); }), "no error");
  if (limit >= 4'000'000'000) return;  // as many as it can count
  options.connections = static_cast<std::uint32_t>(limit);
  const std::string text = error_of([&] { check_descriptors(options, 1); });
  EXPECT_THAT(text, HasSubstr("this process may have " + std::to_string(limit)));
  EXPECT_THAT(text, HasSubstr("--processes"));
  const std::uint64_t at_most = limit - 19;
  EXPECT_THAT(text, HasSubstr("ask for at most " + std::to_string(at_most) + " connections"));
  options.connections = static_cast<std::uint32_t>(at_most);
  EXPECT_EQ(error_of([&] { check_descriptors(options, 1); }), "no error");
}

TEST(Resources, ConnectionsThatThePortsDoNotHoldAreRefusedWithTheRemedy) {
  LoadOptions options;
  options.connections = 70'000;
  EXPECT_THAT(error_of([&] { check_ports(options, endpoint_of("127.0.0.1:1")); }), HasSubstr("1 source address has"));
  EXPECT_EQ(error_of([&] { check_ports(options, endpoint_of("unix:/tmp/none")); }), "no error");
  options.source = SourceAddresses::parse("127.0.0.0/24");
  EXPECT_EQ(error_of([&] { check_ports(options, endpoint_of("127.0.0.1:1")); }), "no error");
  options.connections = 1;
  EXPECT_THAT(error_of([&] { check_ports(options, endpoint_of("[::1]:1")); }), HasSubstr("not of the same family"));
  options.source = SourceAddresses::parse("192.0.2.1");
  EXPECT_THAT(error_of([&] { check_ports(options, endpoint_of("127.0.0.1:1")); }),
              HasSubstr("--source: 192.0.2.1 is not an address of this machine"));
}

TEST(Resources, PortsAreLookedForAtRandomWhereARunNeedsMany) {
  EXPECT_EQ(port_range_for(Workload::echo, 10, endpoint_of("127.0.0.1:1")), 0u);
  EXPECT_EQ(port_range_for(Workload::echo, 10, endpoint_of("unix:/tmp/none")), 0u);
  EXPECT_NE(port_range_for(Workload::echo, 27'000, endpoint_of("127.0.0.1:1")), 0u);
  const std::uint32_t range = port_range_for(Workload::connect, 10, endpoint_of("127.0.0.1:1"));
  EXPECT_GE(range >> 16, range & 0xffff);
  EXPECT_NE(range, 0u);
}

TEST(Resources, MachineIsDescribedAndItsUseGrows) {
  const Machine machine = this_machine();
  EXPECT_FALSE(machine.host.empty());
  EXPECT_THAT(machine.kernel, testing::StartsWith("Linux "));
  EXPECT_GE(machine.cpus, 1u);
  const MachineUse before = MachineUse::now();
  const MachineUse after = MachineUse::now();
  EXPECT_GT(before.machine_total, 0u);
  EXPECT_GE(after.machine_total, before.machine_total);
  EXPECT_LE(after.machine_busy, after.machine_total);
  EXPECT_GE(after.process_seconds, before.process_seconds);
}

}  // namespace
}  // namespace weir::load
