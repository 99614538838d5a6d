// Requests to the admin endpoint as bytes: parsed within its bounds, asked whether they may, and answered by a daemon
// that answers at once. Whatever changes something must have been allowed to.
//
// An input is a digit that says who asks, a newline, and the bytes of a connection.

#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/json/parse.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "common/logging.hpp"
#include "server/admin/api.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/fake_admin_daemon.hpp"

namespace weir::fuzz {
namespace {

using admin::Caller;
using admin::Reply;
using admin::Request;
using boost::beast::iequals;
namespace http = admin::http;

constexpr std::string_view kSecret = "secret";

/// A file that only this process has.
const std::string& token_file() {
  static const std::string path = [] {
    const int file = ::memfd_create("token", MFD_CLOEXEC);
    require(file >= 0 && ::fchmod(file, 0600) == 0, "a file can be made in memory");
    require(::write(file, kSecret.data(), kSecret.size()) == static_cast<ssize_t>(kSecret.size()), "it can be filled");
    return "/proc/self/fd/" + std::to_string(file);
  }();
  return path;
}

std::string_view text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// What must be true of a request that changed something, from the contract alone.
void check_allowed(const Caller& caller, const AdminConfig& config, const Request& request) {
  require(request.method() != http::verb::get && request.method() != http::verb::head, "reads change nothing");
  require(request.count(http::field::content_type) == 1 &&
              iequals(request[http::field::content_type].substr(0, 16), "application/json"),
          "what acts brings JSON");
  require(!iequals(request["Sec-Fetch-Site"], "cross-site"), "no foreign page acts");
  const std::string_view host = text_of(request[http::field::host]);
  if (request.count(http::field::origin) > 0) {
    const std::string_view origin = text_of(request[http::field::origin]);
    require(origin.ends_with(host) && !host.empty(), "no foreign page acts");
  }
  if (caller.from != Caller::From::unix_socket && request.version() == 11) {
    const bool own = iequals(host.substr(0, 9), "localhost") || iequals(host.substr(0, 4), "weir") ||
                     host.find_first_of("0123456789:") != std::string_view::npos;
    require(own, "the endpoint is called by a name of its own");
  }
  if (caller.from != Caller::From::elsewhere) return;
  require(!config.token_file.empty(), "nobody acts from elsewhere without a token");
  const std::string_view token = text_of(request[http::field::authorization]);
  require(token.size() == 13 && iequals(token.substr(0, 7), "Bearer ") && token.substr(7) == kSecret,
          "nobody acts from elsewhere without the token");
}

void check_reply(const Reply& reply) {
  require(reply.status >= 200 && reply.status < 600, "a reply has a status");
  const std::string head = head_of(reply, true);
  require(head.ends_with("\r\n\r\n") && head.find("\r\n\r\n") == head.size() - 4, "a head is one head");
  for (const char byte : head) require((byte >= ' ' && byte <= '~') || byte == '\r' || byte == '\n', "a head is text");
  if (reply.content_type == "application/json") {
    boost::system::error_code error;
    boost::json::parse(reply.body, error);
    require(!error, "an answer is JSON");
  }
}

Reply answer(admin::Api& api, const Caller& caller, const Request& request) {
  Reply reply;
  boost::asio::io_context context{1};
  boost::asio::co_spawn(context.get_executor(), api.answer(caller, request),
                        [&](const std::exception_ptr& failure, Reply made) {
                          require(!failure, "an answer does not fail");
                          reply = std::move(made);
                        });
  context.run();
  return reply;
}

/// One request at the begin of the bytes; how many bytes it took, 0 where the connection ends here.
std::size_t take_request(std::string_view bytes, const Caller& caller, const AdminConfig& config) {
  test::FakeAdminDaemon daemon;
  admin::Api api(config, daemon);
  admin::RequestParser parser;
  parser.eager(false);
  std::size_t taken = 0;
  const auto put = [&](auto done) {
    boost::system::error_code error;
    while (!done() && !error) {
      const std::size_t used = parser.put(boost::asio::buffer(bytes.substr(taken)), error);
      taken += used;
      if (used == 0 && !error && !done()) error = http::error::need_more;
    }
    if (error && error != http::error::need_more) {
      if (const auto reply = admin::reply_to_malformed(error)) check_reply(*reply);
    }
    return done();
  };
  if (!put([&] { return parser.is_header_done(); })) return 0;
  const auto refusal = api.refuse(caller, parser.get());
  require(daemon.done.empty(), "asking changes nothing");
  if (refusal) {
    check_reply(*refusal);
    return 0;  // whatever follows a head that is refused is not read
  }
  parser.eager(true);
  if (!put([&] { return parser.is_done(); })) return 0;
  const Request request = parser.release();
  require(request.body().size() <= admin::kLargestBody, "a body has a bound");
  const Reply reply = answer(api, caller, request);
  check_reply(reply);
  if (!daemon.done.empty()) check_allowed(caller, config, request);
  return taken;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  spdlog::set_level(spdlog::level::off);
  std::string_view input = as_text(data, size);
  if (input.size() < 2) return 0;
  const unsigned who = static_cast<unsigned char>(input[0]) % 8;
  const Caller caller{who % 4 == 0   ? Caller::From::loopback
                      : who % 4 == 1 ? Caller::From::unix_socket
                                     : Caller::From::elsewhere,
                      "somebody"};
  weir::AdminConfig config;
  config.hosts = {"weir.internal"};
  if (who >= 4) config.token_file = token_file();
  config.read_token = who == 7;
  input.remove_prefix(2);
  for (int requests = 0; requests < 16 && !input.empty(); ++requests) {
    const std::size_t taken = take_request(input, caller, config);
    if (taken == 0) break;
    input.remove_prefix(taken);
  }
  return 0;
}
