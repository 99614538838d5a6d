#pragma once

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "tests/support/daemon.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/faults.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/stopwatch.hpp"
#include "tests/support/tls_site.hpp"

namespace weir::test {

/// A way of bytes through the daemon, one end of which the test sends into while it reads the other.
enum class Path { echo, upstream, downstream };
struct Route {
  Path path;
  bool tls = false;  ///< on both sides
};

/// One connection that meets one fault, called `harm`, on its way.
class FaultyWay : public testing::TestWithParam<Route> {
 protected:
  static bool is_echo() { return GetParam().path == Path::echo; }
  static bool is_upstream() { return GetParam().path == Path::upstream; }
  static std::string listener() { return is_echo() ? "echo" : "front"; }

  /// With `kind` in the configuration, or none if it is empty.
  std::string config(const std::string& kind, const std::string& listener_entries = "") const {
    std::string entries = kind.empty() ? "" : harm(kind, is_upstream() ? "upstream" : "downstream");
    for (const std::string& more : {GetParam().tls ? site_->listener() : std::string(), listener_entries}) {
      if (!more.empty()) entries.append(entries.empty() ? "" : ", ").append(more);
    }
    const std::string listeners =
        is_echo() ? echo_config(entries)
                  : proxy_config({backend_.address()}, entries, GetParam().tls ? site_->upstream() : "");
    return listeners + faults_allowed();
  }
  void start(const std::string& kind, const std::string& listener_entries = "", const std::string& more = "") {
    client_.reset();
    server_.reset();
    daemon_.emplace(Daemon::with_config(config(kind, listener_entries) + more));
    connect();
  }
  /// Another connection to the same daemon.
  void connect() {
    server_.reset();
    Peer plain = daemon_->connect();
    if (!GetParam().tls) {
      client_.emplace(std::move(plain));
      if (!is_echo()) server_.emplace(backend_.accept());
      return;
    }
    client_.emplace(TlsPeer(std::move(plain), TlsRole::client, site_->client()));
    if (!is_echo()) server_.emplace(TlsPeer(backend_.accept(), TlsRole::server, site_->backend()));
  }

  AdminClient admin() const { return AdminClient(*daemon_); }
  /// As JSON, with the way that this test looks at.
  static std::string fault(const std::string& kind, const std::string& name = "harm") {
    return R"({"name": ")" + name + R"(", "direction": ")" + (is_upstream() ? "upstream" : "downstream") + "\", " +
           kind + "}";
  }

  Side& sender() { return GetParam().path == Path::downstream ? *server_ : *client_; }
  Side& receiver() { return GetParam().path == Path::upstream ? *server_ : *client_; }

  /// Whether nothing comes, for so long that it has come where it may. Under TLS its own records do, and say nothing.
  static bool is_silent(Side& side) {
    return side.has_tls() || !side.socket().readable(std::chrono::milliseconds(200));
  }

  /// Sends all of it, as far as the other side lets it.
  void send_what_goes(std::string_view bytes) {
    try {
      sender().send_all(bytes);
    } catch (const std::system_error& error) {
      sender_was_reset_ = error.code().value() == ECONNRESET;
    }
  }
  /// What arrives of bytes that are sent before the way ends. The sender has no FIN to send.
  TlsReceived arrives_of(const std::string& bytes) {
    sender_was_reset_ = false;
    if (is_echo()) return echo_of(bytes);
    std::future<void> sending = std::async(std::launch::async, [&] { send_what_goes(bytes); });
    TlsReceived received = receiver().receive_until_end();
    if (received.ending == Ending::silence) ::shutdown(sender().socket().fd(), SHUT_RDWR);
    sending.get();
    return received;
  }
  /// What arrives of bytes that are sent whole, and a FIN behind them.
  TlsReceived passes(const std::string& bytes) {
    if (is_echo()) return client_->exchange(bytes);
    std::future<void> sending = std::async(std::launch::async, [&] {
      send_what_goes(bytes);
      sender().finish();
    });
    TlsReceived received = receiver().receive_until_end();
    sending.get();
    return received;
  }
  /// How the connection ended for the sender, after arrives_of().
  Ending ending_of_sender() {
    if (sender_was_reset_) return Ending::reset;
    return sender().socket().receive_until_end().ending;
  }

  std::unique_ptr<TlsSite> site_ = std::make_unique<TlsSite>();
  TestListener backend_;
  std::optional<Daemon> daemon_;
  std::optional<Side> client_, server_;

 private:
  /// Who sends is who receives: in two threads, or first the one and then the other, where TLS allows no two.
  TlsReceived echo_of(const std::string& bytes) {
    if (GetParam().tls) {
      send_what_goes(bytes);
      TlsReceived received = receiver().receive_until_end();
      sender_was_reset_ = sender_was_reset_ || received.ending == Ending::reset;
      return received;
    }
    std::future<void> sending = std::async(std::launch::async, [&] { send_what_goes(bytes); });
    TlsReceived received = receiver().receive_until_end();
    if (received.ending == Ending::silence) ::shutdown(sender().socket().fd(), SHUT_RDWR);
    sending.get();
    // Whichever call comes first gets the error of a RST, and the others an end.
    if (sender_was_reset_) received.ending = Ending::reset;
    sender_was_reset_ = received.ending == Ending::reset;
    return received;
  }

  bool sender_was_reset_ = false;
};

inline std::string name_of_route(const testing::TestParamInfo<Route>& info) {
  const char* const paths[] = {"Echo", "Upstream", "Downstream"};
  return std::string(paths[static_cast<int>(info.param.path)]) + (info.param.tls ? "Tls" : "");
}

#define WEIR_THESE_ROUTES(suite, ...) INSTANTIATE_TEST_SUITE_P(Each, suite, testing::Values(__VA_ARGS__), name_of_route)

#define WEIR_EACH_ROUTE(suite)                                                                                         \
  WEIR_THESE_ROUTES(suite, Route{Path::echo}, Route{Path::upstream}, Route{Path::downstream}, Route{Path::echo, true}, \
                    Route{Path::upstream, true}, Route{Path::downstream, true})

#define WEIR_EACH_PLAIN_ROUTE(suite) \
  WEIR_THESE_ROUTES(suite, Route{Path::echo}, Route{Path::upstream}, Route{Path::downstream})

/// An echo has one way alone, whose two ends are one client.
#define WEIR_EACH_PROXIED_ROUTE(suite)                                                                  \
  WEIR_THESE_ROUTES(suite, Route{Path::upstream}, Route{Path::downstream}, Route{Path::upstream, true}, \
                    Route{Path::downstream, true})

}  // namespace weir::test
