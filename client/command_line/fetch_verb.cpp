#include <memory>

#include "client/command_line/export_options.hpp"
#include "client/command_line/verb.hpp"
#include "client/fetch/body_sink.hpp"
#include "client/fetch/header_field.hpp"
#include "client/fetch/url_file.hpp"
#include "common/printable.hpp"
#include "common/units.hpp"

namespace weir::load {

namespace {

constexpr std::uint64_t kMostFetched = 100'000;

constexpr const char* kFetchHelp = R"(usage: weir-load fetch [OPTIONS] URL...

Fetches many URLs at once (HTTP/1.1 GET, http and https). Prints a line as each completes: its status
or what went wrong, bytes of the body, time and URL; and at the end, how long all of them took beside
the sum of their times. Ctrl-C ends it early and still sums up; a second
one ends at once.

what is fetched
  URL                     http:// may be left out; may come several times
  -f, --file FILE         URLs from a file as well, one a line; blank lines and lines that begin
                          with # are passed over; - is stdin
  -H, --header FIELD      'Name: value', sent with each request; may come several times

how
  -c, --connections N     fetches at once (64); each request has a connection of its own
      --timeout TIME      for one URL, from its name to the last byte, redirects and all (60s)
      --connect-timeout TIME
                          for name, connect and TLS handshake of a request (10s)
      --max-redirects N   how many are followed for a URL (10); 0 takes a redirect as the answer
      --max-size SIZE     ends a body that is larger (no limit)
      --cacert FILE       trusts these certificates (PEM) in place of the system's
      --insecure          takes any certificate, and redirects from https to http
      --dns-servers LIST  asks these name servers, not those of the system: 192.0.2.1,192.0.2.2:5353

what counts as a failure
      --any-status        a status of 400 or more is none
      --max-errors N      failures that do not make the run fail (0)

what is kept and reported
      --output FILE       keeps the body in this file (- is stdout). For several URLs it is a
                          directory (DIR/ is made if missing): each body becomes NUMBER-HOST-NAME,
                          numbered in the order given. What came before a failure is kept too
      --results FILE      a line of JSON for each URL; - is stdout
      --quiet             no line for each URL, only the end

Where stdout takes a body or the results, the lines go to stderr. Variables such as http_proxy are
ignored. Bodies are not decompressed, because no compression is asked for.

outcomes: bad_status, dns_failed, refused, unreachable, connect_timeout, connect_failed, tls_failed,
timeout, closed_early, reset, bad_response, too_many_redirects, bad_redirect, too_large,
write_failed, local_resources, io_failed, interrupted; a status means that all is well, or bad_status

examples:
  weir-load fetch http://127.0.0.1:8080/ https://localhost:8443/big --insecure
  weir-load fetch -c 200 -f urls.txt --output pages/ --results results.jsonl
  printf '127.0.0.1:8080/%d\n' 1 2 3 | weir-load fetch -f - --quiet

exit status: 0 fine, 1 could not run or more failed than --max-errors or Ctrl-C left some undone,
             2 bad usage
)";

/// What may come several times, as it was written.
struct Texts {
  std::vector<std::string> urls;
  std::vector<std::string> files;
  std::vector<std::string> headers;
};

Url parse_argument(const std::string& text) {
  try {
    return parse_url(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(in_quotes(text) + " " + error.what());
  }
}

HeaderField parse_header_option(const std::string& text) {
  try {
    return parse_header_field(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string("--header: ") + error.what());
  }
}

/// Throws std::invalid_argument for what is none, and for options that do not fit each other.
void take_texts(const Texts& texts, FetchOptions& options) {
  for (const std::string& text : texts.headers) options.headers.push_back(parse_header_option(text));
  for (const std::string& text : texts.urls) options.urls.push_back(parse_argument(text));
  for (const std::string& file : texts.files) {
    const std::vector<Url> more = read_url_file(file);
    options.urls.insert(options.urls.end(), more.begin(), more.end());
  }
  if (options.urls.empty()) {
    throw std::invalid_argument(texts.files.empty() ? "needs a URL, or --file" : "there is no URL in the files");
  }
  std::vector<std::string> inputs = texts.files;
  if (!options.ca_file.empty()) inputs.push_back(options.ca_file);
  check_outputs({{"--output", options.output}, {"--results", options.results}}, inputs);
  if (!options.output.empty()) check_output(options.output, options.urls.size());
}

std::function<Command()> declare_fetch(CLI::App& app) {
  const auto options = std::make_shared<FetchOptions>();
  const auto texts = std::make_shared<Texts>();
  app.add_option("URL", texts->urls);
  // One value each time: what follows is a URL.
  app.add_option("-f,--file", texts->files)->allow_extra_args(false);
  app.add_option("-H,--header", texts->headers)->allow_extra_args(false);
  add(app, "-c,--connections", [options](const std::string& text) {
    options->connections = static_cast<std::uint32_t>(number(text, 1, kMostFetched));
  });
  add(app, "--timeout", [options](const std::string& text) { options->timeout = positive_duration(text); });
  add(app, "--connect-timeout",
      [options](const std::string& text) { options->connect_timeout = positive_duration(text); });
  add(app, "--max-redirects", [options](const std::string& text) {
    options->max_redirects = static_cast<std::uint32_t>(number(text, 0, 1000));
  });
  add(app, "--max-size", [options](const std::string& text) { options->max_size = parse_size(text); });
  add(app, "--cacert", [options](const std::string& text) { options->ca_file = text; });
  add(app, "--dns-servers", [options](const std::string& text) { options->dns_servers = text; });
  add_output(app, "--output", [options](const std::string& text) { options->output = text; });
  add_output(app, "--results", [options](const std::string& text) { options->results = text; });
  add(app, "--max-errors", [options](const std::string& text) { options->max_errors = number(text, 0, kMostCounted); });
  app.add_flag("--insecure", options->insecure);
  app.add_flag("--any-status", options->any_status);
  app.add_flag("--quiet", options->quiet);
  return [options, texts]() -> Command {
    take_texts(*texts, *options);
    return *options;
  };
}

}  // namespace

const Verb kFetchVerb{"fetch", kFetchHelp, declare_fetch};

}  // namespace weir::load
