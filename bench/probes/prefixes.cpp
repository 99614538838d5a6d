// What rules of very many prefixes cost: 100,000 of them, IPv4 and IPv6, are loaded from a file as `deny_file` is, and
// asked about random addresses.
//
//     weir-bench-prefixes [--prefixes N]
//
// Exits with 1 when they take a second to load, or a microsecond an address.

#include <arpa/inet.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "bench/probes/rounds.hpp"
#include "bench/yardstick/arguments.hpp"
#include "common/address_set.hpp"

namespace weir::bench {
namespace {

constexpr double kMostToLoad = 1e9;
constexpr double kMostToMatch = 1e3;
constexpr std::size_t kAddresses = 1 << 20;

using Lots = std::mt19937_64;

struct Prefix {
  IpAddress first;
  unsigned bits;
};

/// Every other one IPv6.
std::vector<Prefix> random_prefixes(std::size_t count) {
  Lots lots(1);
  std::vector<Prefix> prefixes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = static_cast<unsigned>(20 + lots() % 13);
    const auto v4 = static_cast<std::uint32_t>(lots()) & ~0u << (32 - bits);
    const std::uint64_t v6 = std::uint64_t{0x2000} << 48 | (lots() & 0xffff'ffff) << 16;
    prefixes[i] = i % 2 == 0 ? Prefix{IpAddress::v4(v4), bits} : Prefix{{v6, 0}, 48};
  }
  return prefixes;
}

std::string text_of(const Prefix& prefix) {
  char text[INET6_ADDRSTRLEN];
  if (prefix.first.is_v4()) {
    const in_addr v4{htonl(static_cast<std::uint32_t>(prefix.first.low))};
    ::inet_ntop(AF_INET, &v4, text, sizeof text);
  } else {
    std::snprintf(text, sizeof text, "2000:%x:%x::", static_cast<unsigned>(prefix.first.high >> 32 & 0xffff),
                  static_cast<unsigned>(prefix.first.high >> 16 & 0xffff));
  }
  return std::string(text) + "/" + std::to_string(prefix.bits);
}

void write_prefixes(const std::string& path, const std::vector<Prefix>& prefixes) {
  std::ofstream file(path);
  for (const Prefix& prefix : prefixes) file << text_of(prefix) << "\n";
}

/// Half of them in a prefix, half anywhere.
std::vector<IpAddress> random_addresses(const std::vector<Prefix>& prefixes) {
  Lots lots(2);
  std::vector<IpAddress> addresses(kAddresses);
  for (IpAddress& address : addresses) {
    const Prefix& prefix = prefixes[lots() % prefixes.size()];
    const bool v4 = prefix.first.is_v4();
    address = prefix.first;
    if (lots() % 2 == 0) address = v4 ? IpAddress::v4(static_cast<std::uint32_t>(lots())) : IpAddress{lots(), lots()};
  }
  return addresses;
}

AddressSet load(const std::string& path) {
  AddressSet set;
  set.add_file(path);
  set.seal();
  return set;
}

bool measure(std::size_t count) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("weir-bench-prefixes-" + std::to_string(::getpid()))).string();
  const std::vector<Prefix> prefixes = random_prefixes(count);
  write_prefixes(path, prefixes);
  AddressSet set;
  const Rounds loading = five_rounds([&] {
    const auto begin = std::chrono::steady_clock::now();
    set = load(path);
    return nanoseconds_since(begin);
  });
  std::filesystem::remove(path);
  const std::vector<IpAddress> addresses = random_addresses(prefixes);
  std::size_t inside = 0;
  const Rounds matching = five_rounds([&] {
    inside = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (const IpAddress& address : addresses) inside += set.contains(address) ? 1 : 0;
    return nanoseconds_since(begin) / kAddresses;
  });
  std::printf(
      "%zu prefixes: loaded in %.0f ms (median %.0f), an address is matched in %.0f ns (median %.0f); %.0f %% inside\n",
      count, loading.least / 1e6, loading.median / 1e6, matching.least, matching.median,
      100.0 * static_cast<double>(inside) / kAddresses);
  return loading.least < kMostToLoad && matching.least < kMostToMatch;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  try {
    return weir::bench::measure(static_cast<std::size_t>(weir::bench::number_option(argc, argv, "--prefixes", 100'000)))
               ? 0
               : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-bench-prefixes: %s\n", error.what());
    return 2;
  }
}
