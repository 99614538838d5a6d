#include "server/admin/faults_command.hpp"

#include <fmt/format.h>

#include <boost/beast/http/verb.hpp>
#include <boost/json/value.hpp>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/ask.hpp"
#include "server/admin/faults_text.hpp"

namespace weir::admin {

using boost::beast::http::verb;

std::string set_fault(const Client& client, const std::string& listener, const std::string& body) {
  const auto answer =
      ask(client, verb::post, fmt::format("/api/v1/listeners/{}/faults", percent_encoded(listener)), body);
  return fmt::format("listener {}: {}\n", terminal_text(listener), fault_line(member_of(answer, "fault")));
}

std::string clear_faults(const Client& client, const std::string& listener, const std::string& fault) {
  std::string target = "/api/v1/faults";
  if (!listener.empty()) target = fmt::format("/api/v1/listeners/{}/faults", percent_encoded(listener));
  if (!fault.empty()) target += "/" + percent_encoded(fault);
  const bool already = text_of(ask(client, verb::delete_, target), "result") == "already";
  const std::string place = listener.empty() ? "" : fmt::format("listener {}: ", terminal_text(listener));
  if (!fault.empty()) return fmt::format("{}{} is off\n", place, terminal_text(fault));
  return fmt::format("{}{}\n", place, already ? "no faults were set" : "all faults are off");
}

}  // namespace weir::admin
