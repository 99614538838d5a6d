#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/io/descriptor.hpp"

namespace weir::test {

/// A DNS server (RFC 1035) on a UDP and TCP port of its own, whose records the test changes at any time.
class NameServer {
 public:
  struct Service {
    std::uint16_t priority;
    std::uint16_t weight;
    std::uint16_t port;
    std::string target;
  };
  enum class Mood { answers, fails, says_nothing };  ///< fails: SERVFAIL

  NameServer();
  ~NameServer();

  std::string address() const { return address_; }

  /// A and AAAA records of a name; with none the name exists without any.
  void set_addresses(const std::string& name, const std::vector<std::string>& addresses, std::uint32_t ttl = 0);
  void set_services(const std::string& name, const std::vector<Service>& services, std::uint32_t ttl = 0);
  /// The name no longer exists.
  void remove(const std::string& name);
  void set_mood(Mood mood) { mood_ = mood; }
  /// Questions for AAAA records are never answered.
  void ignore_ipv6_questions() { ignores_ipv6_ = true; }

  /// Questions so far, of any type.
  int questions(const std::string& name) const;

 private:
  struct Record {
    std::uint16_t type;
    std::uint32_t ttl;
    std::string data;  ///< RDATA
  };

  void run();
  void serve_datagram();
  void serve_stream();
  /// Nothing if it gives no answer.
  std::string answer(const std::string& question);

  io::Descriptor socket_;
  io::Descriptor listener_;
  std::string address_;
  std::atomic<Mood> mood_{Mood::answers};
  std::atomic<bool> ignores_ipv6_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Record>> records_;
  std::map<std::string, int> questions_;
  std::thread thread_;
};

}  // namespace weir::test
