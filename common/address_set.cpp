#include "common/address_set.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "common/printable.hpp"

namespace weir {

namespace {

constexpr IpAddress kMappedFirst{0, IpAddress::kMapped};
constexpr IpAddress kMappedLast{0, IpAddress::kMapped | 0xffff'ffff};

[[noreturn]] void refuse_network(std::string_view text, const std::string& why) {
  throw std::invalid_argument(in_quotes(text) + " " + why + "; write an address or a range such as 10.0.0.0/8");
}

/// The bits of a 128-bit number behind its first `bits`.
IpAddress behind(unsigned bits) {
  if (bits == 0) return {~0ull, ~0ull};
  if (bits < 64) return {~0ull >> bits, ~0ull};
  return {0, bits == 64 ? ~0ull : bits >= 128 ? 0 : ~0ull >> (bits - 64)};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

void AddressSet::add(std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  const std::string host(cidr.substr(0, slash));
  in_addr v4{};
  in6_addr v6{};
  IpAddress first;
  unsigned width = 0;
  if (host.find('\0') != std::string::npos) refuse_network(cidr, "is no address");  // inet_pton() would read to it only
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    first = IpAddress::v4(ntohl(v4.s_addr));
    width = 32;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    first = IpAddress::v6(v6);
    width = 128;
  } else {
    refuse_network(cidr, "is no address");
  }
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view length = cidr.substr(slash + 1);
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (error != std::errc() || end != length.data() + length.size() || bits > width) {
      refuse_network(cidr, "has no prefix length from 0 to " + std::to_string(width));
    }
  }
  const IpAddress rest = behind(bits + (128 - width));
  if ((first.high & rest.high) != 0 || (first.low & rest.low) != 0) {
    refuse_network(cidr, "has bits set behind its prefix of " + std::to_string(bits));
  }
  const IpAddress last{first.high | rest.high, first.low | rest.low};
  // The block of mapped addresses is IPv4's: a range of IPv6 lies in it, or is cut where it holds it.
  if (width == 128 && first < kMappedFirst && kMappedLast <= last) {
    ranges_.push_back({first, {0, kMappedFirst.low - 1}});
    if (kMappedLast < last) ranges_.push_back({{0, kMappedLast.low + 1}, last});
  } else {
    ranges_.push_back({first, last});
  }
}

void AddressSet::add_file(const std::string& path) {
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(path, unknown);
  if (exists(status) && !is_regular_file(status)) throw std::runtime_error(path + ": is no regular file");
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": " + std::generic_category().message(errno));
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::string_view text = trimmed(std::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    try {
      add(text);
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  if (file.bad()) throw std::runtime_error(path + ": cannot be read: " + std::generic_category().message(errno));
}

void AddressSet::seal() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> merged;
  for (const Range& range : ranges_) {
    if (!merged.empty() && range.first <= merged.back().last) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  merged.shrink_to_fit();
  ranges_ = std::move(merged);
}

bool AddressSet::contains(const IpAddress& address) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](const IpAddress& wanted, const Range& range) { return wanted < range.first; });
  return after != ranges_.begin() && address <= std::prev(after)->last;
}

}  // namespace weir
