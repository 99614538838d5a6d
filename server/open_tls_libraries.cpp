#include "server/open_tls_libraries.hpp"

#include <algorithm>

#include "common/tls/libraries.hpp"

namespace weir {

void open_tls_libraries(const ServerConfig& config, std::size_t workers) {
  const auto speaks_tls = [](const auto& one) { return one.tls.has_value(); };
  if (std::any_of(config.listeners.begin(), config.listeners.end(), speaks_tls) ||
      std::any_of(config.upstreams.begin(), config.upstreams.end(), speaks_tls)) {
    tls::open_libraries(workers);
  }
}

}  // namespace weir
