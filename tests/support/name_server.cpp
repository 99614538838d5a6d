#include "tests/support/name_server.hpp"

#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include "tests/support/peer.hpp"

namespace weir::test {

namespace {

constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kAaaa = 28;
constexpr std::uint16_t kSrv = 33;
constexpr std::size_t kHeader = 12;
/// RFC 1035, 4.2.1.
constexpr std::size_t kLongestDatagram = 512;

std::string two(std::uint16_t number) { return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)}; }

std::string four(std::uint32_t number) {
  return two(static_cast<std::uint16_t>(number >> 16)) + two(static_cast<std::uint16_t>(number & 0xffff));
}

/// A name as labels, each after its length.
std::string labels(const std::string& name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    out += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return out + '\0';
}

/// The name that a question asks for, in lower case; `end` is where its type stands.
std::string asked_name(const std::string& question, std::size_t& end) {
  std::string name;
  std::size_t at = kHeader;
  while (question.at(at) != 0) {
    const auto length = static_cast<unsigned char>(question[at]);
    name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
    at += length + 1u;
  }
  end = at + 1;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

}  // namespace

NameServer::NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  // A port that is free for both; one that TCP has not may be taken meanwhile.
  for (int tries = 0; tries < 100; ++tries) {
    listener_ = io::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Endpoint any = loopback(0);
    if (::bind(listener_.get(), any.data(), any.size()) != 0) continue;
    const Endpoint bound = local_endpoint(listener_.get());
    if (::bind(socket_.get(), bound.data(), bound.size()) != 0 || ::listen(listener_.get(), 16) != 0) continue;
    address_ = bound.to_string();
    thread_ = std::thread([this] { run(); });
    return;
  }
  throw std::runtime_error("the name server finds no port");
}

NameServer::~NameServer() {
  stopping_ = true;
  thread_.join();
}

void NameServer::set_addresses(const std::string& name, const std::vector<std::string>& addresses, std::uint32_t ttl) {
  std::vector<Record> records;
  for (const std::string& address : addresses) {
    const bool v6 = address.find(':') != std::string::npos;
    std::string data(v6 ? 16 : 4, '\0');
    if (::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), data.data()) != 1) throw std::runtime_error(address);
    records.push_back({v6 ? kAaaa : kA, ttl, data});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  records_[name] = std::move(records);
}

void NameServer::set_services(const std::string& name, const std::vector<Service>& services, std::uint32_t ttl) {
  std::vector<Record> records;
  for (const Service& service : services) {
    records.push_back(
        {kSrv, ttl, two(service.priority) + two(service.weight) + two(service.port) + labels(service.target)});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  records_[name] = std::move(records);
}

void NameServer::remove(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  records_.erase(name);
}

int NameServer::questions(const std::string& name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = questions_.find(name);
  return found == questions_.end() ? 0 : found->second;
}

std::string NameServer::answer(const std::string& question) {
  std::size_t at_type = 0;
  const std::string name = asked_name(question, at_type);
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(question.at(at_type)) << 8 |
                                               static_cast<unsigned char>(question.at(at_type + 1)));
  const std::lock_guard<std::mutex> lock(mutex_);
  ++questions_[name];
  if (mood_ == Mood::says_nothing || (ignores_ipv6_ && type == kAaaa)) return "";
  const auto found = records_.find(name);
  std::string answers;
  std::uint16_t count = 0;
  if (found != records_.end() && mood_ == Mood::answers) {
    for (const Record& record : found->second) {
      if (record.type != type) continue;
      // The owner is the question's name, which stands right after the header.
      answers += "\xc0\x0c" + two(type) + two(1) + four(record.ttl) +
                 two(static_cast<std::uint16_t>(record.data.size())) + record.data;
      ++count;
    }
  }
  const std::uint16_t code = mood_ == Mood::fails ? 2 : found == records_.end() ? 3 : 0;
  const std::uint16_t flags = 0x8580 | code;  // a response, authoritative, recursion as wished
  return question.substr(0, 2) + two(flags) + two(1) + two(count) + two(0) + two(0) +
         question.substr(kHeader, at_type + 4 - kHeader) + answers;
}

void NameServer::serve_datagram() {
  std::array<char, 1500> buffer{};
  Endpoint peer;
  socklen_t length = Endpoint::capacity();
  const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, peer.data(), &length);
  if (got < static_cast<ssize_t>(kHeader)) return;
  const std::string question(buffer.data(), static_cast<std::size_t>(got));
  std::string reply = answer(question);
  if (reply.empty()) return;
  if (reply.size() > kLongestDatagram) {
    // The header and the question, and that there is more (TC).
    reply[2] = static_cast<char>(reply[2] | 0x02);
    reply[6] = reply[7] = 0;
    reply.resize(question.size());
  }
  ::sendto(socket_.get(), reply.data(), reply.size(), 0, peer.data(), length);
}

void NameServer::serve_stream() {
  Peer peer(io::Descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  const std::string size = peer.receive_exactly(2);
  const auto length = static_cast<unsigned char>(size[0]) << 8 | static_cast<unsigned char>(size[1]);
  const std::string reply = answer(peer.receive_exactly(static_cast<std::size_t>(length)));
  if (!reply.empty()) peer.send_all(two(static_cast<std::uint16_t>(reply.size())) + reply);
}

void NameServer::run() {
  while (!stopping_) {
    std::array<pollfd, 2> ready{pollfd{socket_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
    if (ready[0].revents != 0) serve_datagram();
    try {
      if (ready[1].revents != 0) serve_stream();
    } catch (const std::exception&) {
      continue;  // who asked is gone
    }
  }
}

}  // namespace weir::test
