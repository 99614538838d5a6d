#include "client/command_line/tls_arguments.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "client/command_line/verb.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace {

/// A name of a protocol (RFC 7301, 3.1).
constexpr std::size_t kLongestProtocol = 255;

std::string readable_file(const std::string& name) {
  if (::access(name.c_str(), R_OK) != 0) {
    throw std::invalid_argument(fmt::format("{} cannot be read: {}", in_quotes(name), std::strerror(errno)));
  }
  return name;
}

/// A name as the DNS has them; an address is none (RFC 6066, 3).
std::string server_name(const std::string& text) {
  const std::string name = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  const bool right =
      !name.empty() && name.size() <= 253 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == std::string::npos;
  if (!right || is_ip_address(name)) {
    throw std::invalid_argument(fmt::format("is a name such as db.example, not {}", in_quotes(text)));
  }
  return name;
}

std::vector<std::string> protocols(const std::string& text) {
  std::vector<std::string> list;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    list.push_back(text.substr(at, end - at));
    if (list.back().empty() || list.back().size() > kLongestProtocol) {
      throw std::invalid_argument(fmt::format("is a list such as h2,http/1.1, not {}", in_quotes(text)));
    }
    at = end + 1;
  }
  return list;
}

}  // namespace

void add_tls(CLI::App& app, TlsArguments& arguments, Resumes resumes) {
  TlsOptions& options = arguments.options;
  app.add_flag("--tls", arguments.wanted);
  add(app, "--cacert", [&options](const std::string& text) { options.ca_file = readable_file(text); });
  app.add_flag("--insecure", options.insecure);
  add(app, "--sni", [&options](const std::string& text) { options.name = server_name(text); });
  add(app, "--alpn", [&options](const std::string& text) { options.alpn = protocols(text); });
  add(app, "--cert", [&options](const std::string& text) { options.certificate = readable_file(text); });
  add(app, "--key", [&options](const std::string& text) { options.key = readable_file(text); });
  if (resumes == Resumes::yes) app.add_flag("--resume", options.resume);
}

std::optional<TlsOptions> tls_of(const CLI::App& app, const TlsArguments& arguments,
                                 std::initializer_list<const Address*> targets) {
  if (!arguments.wanted) {
    for (const char* option : {"--cacert", "--insecure", "--sni", "--alpn", "--cert", "--key", "--resume"}) {
      if (is_given(app, option)) throw std::invalid_argument(fmt::format("{} needs --tls", option));
    }
    return std::nullopt;
  }
  TlsOptions options = arguments.options;
  if (options.insecure && !options.ca_file.empty()) {
    throw std::invalid_argument("--cacert has no use with --insecure, which does not look at the certificate");
  }
  if (options.certificate.empty() && !options.key.empty()) throw std::invalid_argument("--key needs a --cert");
  if (options.key.empty()) options.key = options.certificate;
  for (const Address* target : targets) {
    if (target->is_unix() && options.name.empty() && !options.insecure) {
      throw std::invalid_argument(
          "--tls on a unix socket needs --sni NAME, for whom the certificate is to be, or --insecure");
    }
  }
  return options;
}

}  // namespace weir::load
