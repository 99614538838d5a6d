#include "server/upstream/source_pool.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace weir {

namespace {

[[noreturn]] void fail(const std::string& upstream, const std::string& source, int error) {
  throw std::runtime_error("upstream " + upstream + ": cannot connect from " + source + ": " +
                           std::generic_category().message(error) +
                           (error == EADDRNOTAVAIL ? "; give this machine the address first" : ""));
}

}  // namespace

SourcePool::SourcePool(const std::string& upstream, const std::vector<std::string>& addresses) {
  for (const std::string& text : addresses) {
    const Endpoint source = ip_endpoint(text);
    const io::Descriptor probe = io::open_stream_socket(source.family());
    const int error = probe ? bind_source(probe.get(), source) : errno;
    if (error != 0) fail(upstream, text, error);
    (source.family() == AF_INET6 ? v6_ : v4_).push_back(source);
  }
}

std::vector<const Endpoint*> SourcePool::next_turn(const Endpoint& target) const {
  const std::vector<Endpoint>& sources = of(target);
  const std::size_t first = turns_.fetch_add(1, std::memory_order_relaxed);
  std::vector<const Endpoint*> turn;
  turn.reserve(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) turn.push_back(&sources[(first + i) % sources.size()]);
  return turn;
}

int bind_source(int fd, const Endpoint& source) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(fd, source.data(), source.size()) == 0 ? 0 : errno;
}

bool is_source_spent(int error) { return error == EADDRNOTAVAIL || error == EADDRINUSE; }

}  // namespace weir
