#include "client/fetch/fetch_all.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "client/charset.hpp"
#include "client/fetch/fetch_line.hpp"
#include "client/fetch/fetch_one.hpp"
#include "client/fetch/fetch_summary.hpp"
#include "client/fetch/result_line.hpp"
#include "client/fetch/tls_context.hpp"
#include "client/resources.hpp"
#include "common/printable.hpp"

namespace weir::load {

namespace asio = net::asio;

namespace {

/// Standard streams, the event loop, c-ares, and what the C library opens.
constexpr std::uint64_t kOtherDescriptors = 32;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Nothing for an empty path.
File open_results(const std::string& path) {
  if (path.empty()) return {nullptr, &std::fclose};
  if (path == "-") return {stdout, &std::fflush};
  File file(std::fopen(path.c_str(), "we"), &std::fclose);
  if (!file)
    throw std::runtime_error("cannot write " + in_quotes(path) + ": " + std::generic_category().message(errno));
  return file;
}

/// Of a terminal; 0 for anything else.
std::size_t width_of(std::FILE* out) {
  winsize size{};
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void check_descriptors(std::uint64_t connections) {
  // A body's file for each connection.
  const std::uint64_t needed = 2 * connections + kOtherDescriptors;
  const std::uint64_t limit = raise_descriptor_limit();
  if (needed <= limit) return;
  throw std::runtime_error(std::to_string(connections) + " connections need " + std::to_string(needed) +
                           " descriptors, but the limit is " + std::to_string(limit) +
                           ": raise it (ulimit -Hn), or use a smaller -c");
}

/// All fetches of a run, and what is told of them.
class FetchRun {
 public:
  explicit FetchRun(const FetchOptions& options)
      : options_(options),
        output_(options.output, options.urls.size()),
        results_(open_results(options.results)),
        out_(options.results == "-" || options.output == "-" ? stderr : stdout),
        tls_(make_tls_context(options.ca_file, options.insecure)),
        names_(loop_.get_executor(), options.dns_servers),
        signals_(loop_, SIGINT, SIGTERM),
        context_{loop_.get_executor(), options_, output_, names_, tls_, std::chrono::steady_clock::now()} {}

  int run() {
    const std::uint64_t at_once = std::min<std::uint64_t>(options_.connections, options_.urls.size());
    check_descriptors(at_once);
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      signals_.clear();  // the next one kills
      context_.interrupt();
    });
    lanes_ = at_once;
    for (std::uint64_t lane = 0; lane < at_once; ++lane) {
      asio::co_spawn(loop_, fetch_in_turn(), [this](const std::exception_ptr& error) { lane_ended(error); });
    }
    loop_.run();
    if (failure_) std::rethrow_exception(failure_);

    const auto total = std::chrono::steady_clock::now() - context_.began;
    print(summary_.text(total, options_.urls.size() - summary_.done()));
    close_results();
    const bool fine = !context_.interrupted && !output_failed_ && summary_.failed() <= options_.max_errors;
    return fine ? 0 : 1;
  }

 private:
  net::awaitable<void> fetch_in_turn() {
    while (!context_.interrupted && next_ < options_.urls.size()) {
      const std::size_t index = next_++;
      const FetchResult result = co_await fetch_one(context_, index);
      tell(result);
    }
  }

  void lane_ended(const std::exception_ptr& error) {
    if (error && !failure_) {
      failure_ = error;
      context_.interrupt();
    }
    if (--lanes_ > 0) return;
    signals_.cancel();
    names_.cancel();  // a look-up may outlive the fetch that no longer waits for it
  }

  void tell(const FetchResult& result) {
    summary_.add(result);
    if (!options_.quiet) print(fetch_line(result, width_of(out_)) + "\n");
    if (results_) write(result_line(result), results_.get(), "the results");
  }

  void print(const std::string& text) { write(for_locale(text), out_, "the report"); }

  void write(const std::string& text, std::FILE* file, const char* what) {
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
    if (!written) complain(what);
  }

  void close_results() {
    if (!results_) return;
    const auto close = results_.get_deleter();
    if (close(results_.release()) != 0) complain("the results");
  }

  void complain(const char* what) {
    if (!output_failed_) std::fprintf(stderr, "weir-load: cannot write %s: %s\n", what, std::strerror(errno));
    output_failed_ = true;
  }

  const FetchOptions& options_;
  OutputPlace output_;
  File results_;
  std::FILE* out_;
  asio::io_context loop_{1};
  asio::ssl::context tls_;
  NameResolver names_;
  asio::basic_signal_set<net::Executor> signals_;
  FetchContext context_;
  std::size_t next_ = 0;
  std::uint64_t lanes_ = 0;
  FetchSummary summary_;
  bool output_failed_ = false;
  std::exception_ptr failure_;
};

}  // namespace

int fetch_all(const FetchOptions& options) { return FetchRun(options).run(); }

}  // namespace weir::load
