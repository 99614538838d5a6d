#include "server/log_files.hpp"

#include <unistd.h>

#include <string_view>

#include "common/log_destination.hpp"

namespace weir {

spdlog::level::level_enum level_of(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  return kLevels[static_cast<std::size_t>(level)];
}

LogTarget log_target(const LogConfig& config) {
  return {level_of(config.level), config.format == LogFormat::json, config.file};
}

std::vector<std::string> log_file_warnings(const ServerConfig& config) {
  std::vector<std::string> warnings;
  const auto look_at = [&](std::string_view key, const std::string& file) {
    const std::string problem = LogDestination::problem_with(file);
    if (problem.empty()) return;
    warnings.push_back(std::string(key) + ": " + file + " cannot be opened by user " + std::to_string(::geteuid()) +
                       ": " + problem + "; a daemon that runs as that user does not start without it");
  };
  look_at("log.file", config.log.file);
  if (config.access_log.enabled) look_at("access_log.file", config.access_log.file);
  return warnings;
}

}  // namespace weir
