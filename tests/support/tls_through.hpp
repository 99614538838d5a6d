#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>

#include "tests/support/configs.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/tls_site.hpp"

namespace weir::test {

/// On which sides of the daemon TLS is spoken.
enum class TlsSides { client, backend, both };

/// A proxy with TLS on some sides, in some version, between two ends that the test plays.
class TlsThrough : public testing::TestWithParam<std::tuple<TlsSides, std::string>> {
 protected:
  TlsSides sides() const { return std::get<0>(GetParam()); }
  const std::string& version() const { return std::get<1>(GetParam()); }
  bool client_tls() const { return sides() != TlsSides::backend; }
  bool backend_tls() const { return sides() != TlsSides::client; }
  bool is_tls13() const { return version() == "TLSv1.3"; }

  TlsOptions with_version(TlsOptions options) const {
    options.oldest = options.newest = version();
    return options;
  }
  std::string config(const std::string& tls_entries = "", const std::string& listener_entries = "") const {
    std::string entries = client_tls() ? site.listener(tls_entries) : "";
    if (!listener_entries.empty()) entries.append(entries.empty() ? "" : ", ").append(listener_entries);
    return proxy_config({backend.address()}, entries, backend_tls() ? site.upstream() : "");
  }
  void start(const std::string& tls_entries = "", const std::string& listener_entries = "") {
    daemon.emplace(Daemon::with_config(config(tls_entries, listener_entries)));
  }

  /// A client and the server that it has come to. `send_buffer` is the client's.
  std::pair<Side, Side> connect(Peer::Options options = {}) {
    Peer plain = daemon->connect("", options);
    if (!client_tls()) return {Side(std::move(plain)), accept()};
    Side client(TlsPeer(std::move(plain), TlsRole::client, with_version(site.client())));
    Side server = accept();
    return {std::move(client), std::move(server)};
  }
  Side accept() {
    Peer plain = backend.accept();
    if (!backend_tls()) return Side(std::move(plain));
    return Side(TlsPeer(std::move(plain), TlsRole::server, with_version(site.backend())));
  }

  TlsSite site;
  TestListener backend;
  std::optional<Daemon> daemon;
};

inline std::string name_of(const testing::TestParamInfo<TlsThrough::ParamType>& info) {
  const char* const sides[] = {"Terminated", "Originated", "Both"};
  return sides[static_cast<int>(std::get<0>(info.param))] + std::string("Tls1") + std::get<1>(info.param).substr(6);
}

#define WEIR_TLS_THROUGH(suite)                                                                                   \
  INSTANTIATE_TEST_SUITE_P(Sides, suite,                                                                          \
                           testing::Combine(testing::Values(TlsSides::client, TlsSides::backend, TlsSides::both), \
                                            testing::Values("TLSv1.2", "TLSv1.3")),                               \
                           name_of)

}  // namespace weir::test
