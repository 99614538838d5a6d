#include "server/admin/upgrade_command.hpp"

#include <boost/beast/http/verb.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "common/printable.hpp"
#include "server/admin/answer_reading.hpp"
#include "server/admin/ask.hpp"

namespace weir::admin {

Outcome upgrade(const Client& client) {
  try {
    const auto answer = ask(client, boost::beast::http::verb::post, "/api/v1/upgrade");
    const auto successor = static_cast<long>(number_of(answer, "pid"));
    return {0, "process " + std::to_string(successor) + " serves; the one before drains\n"};
  } catch (const Refused& why) {
    if (why.status() != 409) throw;
    Outcome failed{1};
    for (const auto& problem : list_of(why.answer(), "problems")) {
      if (problem.is_string()) failed.err += terminal_text(problem.get_string()) + "\n";
    }
    failed.err += std::string("weir upgrade: ") + why.what() + "\n";
    return failed;
  }
}

}  // namespace weir::admin
