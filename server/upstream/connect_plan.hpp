#pragma once

#include <cstddef>
#include <optional>

#include "server/config/server_config.hpp"

namespace weir {

/// In which order a connection tries the servers of an upstream. Policy only: each server once from the balancer's
/// pick on, then round again with a pause before each try, `attempts` tries in all.
class ConnectPlan {
 public:
  struct Attempt {
    std::size_t server;
    milliseconds pause;  ///< before it
  };

  ConnectPlan(const ConnectConfig& config, std::size_t servers, std::size_t first)
      : config_(&config), servers_(servers), first_(first) {}

  std::optional<Attempt> next() {
    if (made_ >= config_->attempts) return std::nullopt;
    const Attempt attempt{(first_ + made_) % servers_, made_ < servers_ ? milliseconds(0) : config_->delay};
    ++made_;
    return attempt;
  }

 private:
  const ConnectConfig* config_;
  std::size_t servers_;
  std::size_t first_;
  std::uint32_t made_ = 0;
};

}  // namespace weir
