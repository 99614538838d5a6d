#include "server/control/expiry_warnings.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/logging.hpp"
#include "common/printable.hpp"

namespace weir {

std::vector<std::string> ExpiryWarnings::due(const std::vector<tls::CertificateFacts>& in_use, Time now) {
  std::vector<std::string> texts;
  std::map<std::string, Time> said;
  for (const tls::CertificateFacts& facts : in_use) {
    if (facts.is_valid(now) && facts.until - now > kSoon) continue;
    const std::string key = facts.file + '\n' + facts.digest;
    if (said.contains(key)) continue;
    const auto before = said_.find(key);
    const bool lately = before != said_.end() && before->second <= now && now - before->second < kOften;
    said.emplace(key, lately ? before->second : now);
    if (lately) continue;
    std::string text = validity_problem(facts, now);
    if (text.empty()) {
      text =
          fmt::format("{} of {} expires at {}", in_quotes(facts.name), in_quotes(facts.file), format_time(facts.until));
    }
    texts.push_back(std::move(text));
  }
  said_ = std::move(said);
  return texts;
}

}  // namespace weir
