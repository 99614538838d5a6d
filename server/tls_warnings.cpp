#include "server/tls_warnings.hpp"

#include "common/tls/contexts.hpp"

namespace weir {

namespace {

template <typename Contexts>
void add_warnings(std::vector<std::string>& warnings, const std::string& path, const Contexts& contexts,
                  tls::CertificateFacts::Time now) {
  const std::string where = path + ".tls: ";
  for (const tls::CertificateFacts& facts : contexts.certificates()) {
    const std::string problem = tls::validity_problem(facts, now);
    if (!problem.empty()) warnings.push_back(where + problem);
  }
  for (const std::string& note : contexts.notes()) warnings.push_back(where + note);
}

}  // namespace

std::vector<std::string> tls_warnings(const ServerConfig& config, std::chrono::system_clock::time_point now) {
  std::vector<std::string> warnings;
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.tls) continue;
    add_warnings(warnings, "listeners." + listener.name, tls::ServerContexts(*listener.tls, nullptr), now);
  }
  for (const UpstreamConfig& upstream : config.upstreams) {
    if (!upstream.tls) continue;
    add_warnings(warnings, "upstreams." + upstream.name, tls::ClientContext(*upstream.tls), now);
  }
  return warnings;
}

}  // namespace weir
