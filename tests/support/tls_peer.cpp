#include "tests/support/tls_peer.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace weir::test {

namespace {

constexpr std::size_t kRecord = 16 * 1024;
constexpr std::size_t kRecordHeader = 5;
/// More sealed bytes than that are not kept while the socket takes none.
constexpr std::size_t kUnsent = 256 * 1024;
/// Of the extensions that RFC 8701 reserves for nobody to know.
constexpr unsigned kUnknownExtension = 0x7a7a;

std::string last_problem() {
  std::array<char, 256> text{};
  const unsigned long error = ::ERR_get_error();
  ::ERR_clear_error();
  if (error == 0) return "TLS ended";
  ::ERR_error_string_n(error, text.data(), text.size());
  return text.data();
}

void check(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string(what) + ": " + last_problem());
}

/// `unknown CA` as RFC 8446 writes it: `unknown_ca`.
std::string alert_name(int value) {
  if ((value & 0xff) == TLS13_AD_CERTIFICATE_REQUIRED) return "certificate_required";  // OpenSSL 3.0 has no text for it
  std::string name = ::SSL_alert_desc_string_long(value);
  for (char& letter : name) {
    letter = letter == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return name;
}

BIO* memory_of(const std::string& text) { return ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())); }

std::vector<X509*> read_certificates(const std::string& text) {
  std::vector<X509*> all;
  BIO* bio = memory_of(text);
  while (X509* one = ::PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) all.push_back(one);
  ::BIO_free(bio);
  ::ERR_clear_error();  // the end of the text is an error to it
  return all;
}

void use(SSL_CTX* context, const Certificate& certificate) {
  if (certificate.certificate.empty()) return;
  const std::vector<X509*> chain = read_certificates(certificate.certificate);
  check(!chain.empty() && ::SSL_CTX_use_certificate(context, chain.front()) == 1, "the certificate is of no use");
  for (std::size_t i = 1; i < chain.size(); ++i) ::SSL_CTX_add1_chain_cert(context, chain[i]);
  for (X509* one : chain) ::X509_free(one);
  BIO* bio = memory_of(certificate.key);
  EVP_PKEY* key = ::PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  ::BIO_free(bio);
  const bool usable = ::SSL_CTX_use_PrivateKey(context, key) == 1;
  ::EVP_PKEY_free(key);
  check(usable, "the key is of no use");
}

int version_number(const std::string& name) {
  if (name == "TLSv1") return TLS1_VERSION;
  if (name == "TLSv1.1") return TLS1_1_VERSION;
  if (name == "TLSv1.2") return TLS1_2_VERSION;
  if (name == "TLSv1.3") return TLS1_3_VERSION;
  if (name.empty()) return 0;
  throw std::runtime_error("no version: " + name);
}

/// Protocols as ALPN sends them: each behind its length.
std::string protocol_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(1, static_cast<char>(name.size())).append(name);
  return list;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* own) {
  const auto& list = *static_cast<const std::string*>(own);
  unsigned char* found = nullptr;
  const int how = ::SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(list.data()),
                                          static_cast<unsigned int>(list.size()), offered, offered_size);
  *chosen = found;
  return how == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int accept_any(int, X509_STORE_CTX*) { return 1; }

int add_unknown(SSL*, unsigned, unsigned, const unsigned char** out, std::size_t* size, X509*, std::size_t, int*,
                void* bytes) {
  const auto& text = *static_cast<const std::string*>(bytes);
  *out = reinterpret_cast<const unsigned char*>(text.data());
  *size = text.size();
  return 1;
}

}  // namespace

struct TlsPeer::Session {
  Peer owned;
  Peer* peer = nullptr;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
  std::string protocols;
  std::string unknown;
  std::string outbox;
  std::string problem;
  std::string alert;
  std::string sent_alert;
  std::string newest_session;

  Session(TlsRole role, const TlsOptions& options) : protocols(protocol_list(options.alpn)) {
    context = ::SSL_CTX_new(role == TlsRole::client ? ::TLS_client_method() : ::TLS_server_method());
    check(context != nullptr, "no context");
    configure(role, options);
    tls = ::SSL_new(context);
    check(tls != nullptr, "no session");
    SSL_set_app_data(tls, this);
    ::SSL_set_bio(tls, ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    BIO_set_mem_eof_return(::SSL_get_rbio(tls), -1);
    if (role == TlsRole::server) {
      ::SSL_set_accept_state(tls);
      return;
    }
    ::SSL_set_connect_state(tls);
    if (!options.name.empty()) {
      // SSL_set_tlsext_host_name() is this, with an old-style cast.
      std::string name = options.name;
      SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    }
    const std::string& verified = options.verified_name.empty() ? options.name : options.verified_name;
    if (!options.trusted.empty() && !verified.empty()) ::SSL_set1_host(tls, verified.c_str());
    if (!options.session.empty()) {
      const auto* bytes = reinterpret_cast<const unsigned char*>(options.session.data());
      SSL_SESSION* session = ::d2i_SSL_SESSION(nullptr, &bytes, static_cast<long>(options.session.size()));
      check(session != nullptr && ::SSL_set_session(tls, session) == 1, "the session is of no use");
      ::SSL_SESSION_free(session);
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    ::SSL_free(tls);
    ::SSL_CTX_free(context);
  }

  void configure(TlsRole role, const TlsOptions& options) {
    // Tests of what is old must be able to speak it.
    ::SSL_CTX_set_security_level(context, options.oldest == "TLSv1" || options.oldest == "TLSv1.1" ? 0 : 1);
    check(::SSL_CTX_set_min_proto_version(context, version_number(options.oldest)) == 1 &&
              ::SSL_CTX_set_max_proto_version(context, version_number(options.newest)) == 1,
          "no such version");
    use(context, options.certificate);
    use(context, options.second_certificate);
    if (!options.ciphers.empty()) check(::SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) == 1, "ciphers");
    if (!options.groups.empty()) check(SSL_CTX_set1_groups_list(context, options.groups.c_str()) == 1, "groups");
    for (X509* one : read_certificates(options.trusted)) {
      ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), one);
      if (role == TlsRole::server) ::SSL_CTX_add_client_CA(context, one);
      ::X509_free(one);
    }
    if (!options.trusted.empty()) {
      ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    } else if (options.ask) {
      ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    }
    if (role == TlsRole::server) {
      static constexpr std::array<unsigned char, 4> kContext{'w', 'e', 'i', 'r'};
      ::SSL_CTX_set_session_id_context(context, kContext.data(), kContext.size());
      if (!protocols.empty()) ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, &protocols);
    } else {
      if (!protocols.empty()) {
        ::SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                                  static_cast<unsigned int>(protocols.size()));
      }
      ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      ::SSL_CTX_sess_set_new_cb(context, [](SSL* of, SSL_SESSION* session) {
        unsigned char* bytes = nullptr;
        const int size = ::i2d_SSL_SESSION(session, &bytes);
        if (size > 0) {
          static_cast<Session*>(SSL_get_app_data(of))
              ->newest_session.assign(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
        }
        ::OPENSSL_free(bytes);
        return 0;
      });
      if (options.unknown_size > 0) {
        unknown.assign(options.unknown_size, 'u');
        check(::SSL_CTX_add_custom_ext(context, kUnknownExtension, SSL_EXT_CLIENT_HELLO, add_unknown, nullptr, &unknown,
                                       nullptr, nullptr) == 1,
              "no extension");
      }
    }
    ::SSL_CTX_set_info_callback(context, [](const SSL* of, int where, int value) {
      auto& session = *static_cast<Session*>(SSL_get_app_data(of));
      if ((where & SSL_CB_ALERT) == 0) return;
      ((where & SSL_CB_READ) != 0 ? session.alert : session.sent_alert) = alert_name(value);
    });
  }

  /// What OpenSSL has written goes to the outbox.
  void collect() {
    std::array<char, kRecord> bytes;
    for (int count = 0; (count = ::BIO_read(::SSL_get_wbio(tls), bytes.data(), bytes.size())) > 0;) {
      outbox.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  void flush() {
    collect();
    if (!outbox.empty()) peer->send_all(std::exchange(outbox, {}));
  }
  /// Whatever the other side sent last may stand before its RST: that it takes nothing shows when reading.
  void flush_if_possible() {
    try {
      flush();
    } catch (const std::system_error&) {
      outbox.clear();
    }
  }

  /// Feeds OpenSSL with what comes next. The end of the stream is an answer too; `silence` is more bytes.
  Ending feed(int flags = 0) {
    std::array<char, 4 * kRecord> bytes;
    const ssize_t count = ::recv(peer->fd(), bytes.data(), bytes.size(), flags);
    if (count > 0) ::BIO_write(::SSL_get_rbio(tls), bytes.data(), static_cast<int>(count));
    if (count == 0) return Ending::fin;
    if (count < 0 && errno == ECONNRESET) return Ending::reset;
    if (count < 0 && !((flags & MSG_DONTWAIT) != 0 && errno == EAGAIN)) {
      throw std::system_error(errno, std::generic_category(), "recv");
    }
    return Ending::silence;
  }

  [[noreturn]] void fail(Ending ending) const {
    throw std::runtime_error(ending == Ending::reset ? "RST instead of TLS" : "FIN instead of TLS");
  }

  /// Calls until it succeeds; throws where it fails.
  void until_done(const std::function<int()>& call) {
    for (;;) {
      ::ERR_clear_error();
      const int result = call();
      if (result > 0) {
        flush();
        return;
      }
      const int error = ::SSL_get_error(tls, result);
      if (error != SSL_ERROR_WANT_READ) {
        problem = error == SSL_ERROR_ZERO_RETURN ? "close_notify" : last_problem();
        flush_if_possible();
        throw std::runtime_error(problem);
      }
      flush_if_possible();
      const Ending ending = feed();
      if (ending != Ending::silence) {
        problem = ending == Ending::reset ? "RST" : "FIN";
        fail(ending);
      }
    }
  }

  /// Plain text that is there, appended. False after close_notify or a failure, which stand in `received`.
  bool drain(TlsReceived& received) {
    std::array<char, kRecord> bytes;
    for (;;) {
      ::ERR_clear_error();
      const int count = ::SSL_read(tls, bytes.data(), bytes.size());
      if (count > 0) {
        received.bytes.append(bytes.data(), static_cast<std::size_t>(count));
        continue;
      }
      const int error = ::SSL_get_error(tls, count);
      if (error == SSL_ERROR_WANT_READ) return true;
      if (error == SSL_ERROR_ZERO_RETURN) {
        received.close_notify = true;
      } else {
        received.problem = problem = last_problem();
      }
      return false;
    }
  }

  TlsReceived receive(bool to_the_end) {
    TlsReceived received;
    bool open = true;
    for (;;) {
      if (open) open = drain(received);
      flush_if_possible();
      if (!open && (!to_the_end || !received.problem.empty())) {
        // The end is still told from silence, where one has come or is to come by itself.
        if (!received.problem.empty()) received.ending = raw_end();
        return received;
      }
      try {
        received.ending = feed();
      } catch (const std::system_error&) {
        return received;  // silence
      }
      if (received.ending != Ending::silence) {
        if (open) drain(received);
        return received;
      }
    }
  }

  Ending raw_end() {
    try {
      for (;;) {
        const Ending ending = feed();
        if (ending != Ending::silence) return ending;
      }
    } catch (const std::system_error&) {
      return Ending::silence;
    }
  }
};

TlsPeer::TlsPeer(std::unique_ptr<Session> session) : session_(std::move(session)) {}
TlsPeer::~TlsPeer() = default;
TlsPeer::TlsPeer(TlsPeer&&) noexcept = default;
TlsPeer& TlsPeer::operator=(TlsPeer&&) noexcept = default;

TlsPeer TlsPeer::before_handshake(Peer&& connection, TlsRole role, const TlsOptions& options) {
  auto session = std::make_unique<Session>(role, options);
  session->owned = std::move(connection);
  session->peer = &session->owned;
  return TlsPeer(std::move(session));
}

TlsPeer TlsPeer::before_handshake(Peer& connection, TlsRole role, const TlsOptions& options) {
  auto session = std::make_unique<Session>(role, options);
  session->peer = &connection;
  return TlsPeer(std::move(session));
}

TlsPeer::TlsPeer(Peer& connection, TlsRole role, const TlsOptions& options)
    : TlsPeer(before_handshake(connection, role, options)) {
  handshake();
}

TlsPeer::TlsPeer(Peer&& connection, TlsRole role, const TlsOptions& options)
    : TlsPeer(before_handshake(std::move(connection), role, options)) {
  handshake();
}

TlsPeer::TlsPeer(Peer& client, const Certificate& certificate)
    : TlsPeer(client, TlsRole::server, {.certificate = certificate}) {}

std::string TlsPeer::client_hello() {
  ::SSL_do_handshake(session_->tls);
  session_->collect();
  return std::exchange(session_->outbox, {});
}

void TlsPeer::handshake() {
  session_->until_done([this] { return ::SSL_do_handshake(session_->tls); });
}

bool TlsPeer::try_handshake() {
  try {
    handshake();
    return true;
  } catch (const std::exception& error) {
    if (session_->problem.empty()) session_->problem = error.what();
    return false;
  }
}

const std::string& TlsPeer::problem() const { return session_->problem; }
const std::string& TlsPeer::alert() const { return session_->alert; }
const std::string& TlsPeer::sent_alert() const { return session_->sent_alert; }

std::string TlsPeer::version() const { return ::SSL_get_version(session_->tls); }
std::string TlsPeer::cipher() const { return ::SSL_get_cipher_name(session_->tls); }

std::string TlsPeer::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  ::SSL_get0_alpn_selected(session_->tls, &name, &size);
  return size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
}

std::string TlsPeer::name() const {
  const char* name = ::SSL_get_servername(session_->tls, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsPeer::peer_name() const {
  X509* certificate = ::SSL_get0_peer_certificate(session_->tls);
  if (certificate == nullptr) return {};
  std::array<char, 256> text{};
  ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, text.data(), text.size());
  return text.data();
}

std::string TlsPeer::peer_key_kind() const {
  X509* certificate = ::SSL_get0_peer_certificate(session_->tls);
  return certificate == nullptr ? "" : ::EVP_PKEY_get0_type_name(::X509_get0_pubkey(certificate));
}

bool TlsPeer::resumed() const { return ::SSL_session_reused(session_->tls) == 1; }
std::string TlsPeer::session() const { return session_->newest_session; }

void TlsPeer::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kRecord);
    session_->until_done([&] { return ::SSL_write(session_->tls, bytes.data(), static_cast<int>(size)); });
    bytes.remove_prefix(size);
  }
}

std::string TlsPeer::receive_exactly(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    std::size_t count = 0;
    session_->until_done([&] { return ::SSL_read_ex(session_->tls, bytes.data() + got, size - got, &count); });
    got += count;
  }
  return bytes;
}

std::string TlsPeer::receive_until(std::string_view end) {
  std::string bytes;
  while (!bytes.ends_with(end)) bytes += receive_exactly(1);
  return bytes;
}

TlsReceived TlsPeer::receive_until_end() { return session_->receive(true); }
TlsReceived TlsPeer::receive_until_close_notify() { return session_->receive(false); }

TlsReceived TlsPeer::exchange(std::string_view bytes, std::size_t write_size) {
  Session& session = *session_;
  TlsReceived received;
  bool open = true;
  bool finished = false;
  for (;;) {
    while (!bytes.empty() && session.outbox.size() < kUnsent) {
      const std::size_t size = std::min(bytes.size(), write_size);
      ::ERR_clear_error();
      if (::SSL_write(session.tls, bytes.data(), static_cast<int>(size)) <= 0) {
        received.problem = last_problem();
        return received;
      }
      bytes.remove_prefix(size);
      session.collect();
    }
    if (bytes.empty() && !std::exchange(finished, true)) ::SSL_shutdown(session.tls);
    session.collect();
    const bool sending = !session.outbox.empty();
    pollfd wait{session.peer->fd(), static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
    if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kHang).count())) != 1) return received;
    if (sending) {
      const ssize_t sent =
          ::send(session.peer->fd(), session.outbox.data(), session.outbox.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) session.outbox.erase(0, static_cast<std::size_t>(sent));
      if (sent < 0 && errno != EAGAIN) session.outbox.clear();  // how it ended shows below
      if (finished && session.outbox.empty()) ::shutdown(session.peer->fd(), SHUT_WR);
    }
    if ((wait.revents & ~POLLOUT) == 0) continue;
    received.ending = session.feed(MSG_DONTWAIT);
    if (open) open = session.drain(received);
    if (received.ending == Ending::silence && received.problem.empty()) continue;
    if (received.ending == Ending::fin && (!bytes.empty() || !session.outbox.empty())) {
      try {
        session.flush();
        send_all(bytes);  // half-closed by the other side: what is left still goes
        finish();
      } catch (const std::system_error&) {
        received.ending = Ending::reset;  // it was closed, and not for one way alone
      }
    }
    return received;
  }
}

void TlsPeer::close_notify() {
  ::SSL_shutdown(session_->tls);
  session_->flush();
}

void TlsPeer::fin() { session_->peer->shutdown_write(); }

void TlsPeer::finish() {
  close_notify();
  fin();
}

void TlsPeer::update_keys(bool ask) {
  check(::SSL_key_update(session_->tls, ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1,
        "no KeyUpdate");
  session_->until_done([this] { return ::SSL_do_handshake(session_->tls); });
}

bool TlsPeer::renegotiate() {
  check(::SSL_renegotiate(session_->tls) == 1, "no renegotiation");
  return try_handshake();
}

std::string TlsPeer::seal(std::string_view bytes) {
  session_->flush();
  check(::SSL_write(session_->tls, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()),
        "TLS takes no more");
  session_->collect();
  return std::exchange(session_->outbox, {});
}

Peer& TlsPeer::socket() { return *session_->peer; }

std::size_t content_size(std::string_view records) {
  return static_cast<std::size_t>(static_cast<unsigned char>(records[3])) * 256 +
         static_cast<unsigned char>(records[4]);
}

std::string cut_into_records(std::string_view records, std::size_t at) {
  const std::size_t size = content_size(records);
  const auto header = [&](std::size_t content) {
    std::string made(records.substr(0, 3));
    made += static_cast<char>(content >> 8);
    made += static_cast<char>(content & 0xff);
    return made;
  };
  const std::string_view content = records.substr(kRecordHeader, size);
  std::string cut = header(at).append(content.substr(0, at)).append(header(size - at)).append(content.substr(at));
  return cut.append(records.substr(kRecordHeader + size));
}

}  // namespace weir::test
