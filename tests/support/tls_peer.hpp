#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.hpp"
#include "tests/support/peer.hpp"

namespace weir::test {

enum class TlsRole { client, server };

/// What one end of TLS says and asks for.
struct TlsOptions {
  Certificate certificate = {};         ///< its own, with the chain; a server needs one
  Certificate second_certificate = {};  ///< of another kind of key
  std::string trusted = {};             ///< PEM: the other side's certificate must come from these; empty = any will do
  bool ask = false;                     ///< a server: for the client's certificate, which must come if `trusted` is set
  std::string name = {};                ///< a client: the SNI, and the name to verify if `trusted` is set
  std::string verified_name = {};       ///< a client: the name to verify, where it is not the SNI
  std::vector<std::string> alpn = {};
  std::string oldest = {};  ///< `TLSv1.2`; empty = as the system's OpenSSL has it
  std::string newest = {};
  std::string ciphers = {};      ///< of TLS 1.2
  std::string groups = {};       ///< for the key exchange, preferred ones first
  std::size_t unknown_size = 0;  ///< a client: of an extension that nobody knows, as large as a key share to come
  std::string session = {};      ///< a client: what session() of an earlier connection gave, to resume it
};

/// What came until the other side's end.
struct TlsReceived {
  std::string bytes;          ///< plain text
  bool close_notify = false;  ///< came before the end
  Ending ending = Ending::silence;
  std::string problem = {};  ///< a broken record or an alert; then nothing more was read
};

/// One end of TLS over a connection, with blocking calls that throw where the other side fails, like Peer's. OpenSSL
/// works in memory, so that a test sees and sends the records as it likes.
class TlsPeer {
 public:
  /// Borrows the connection, which must outlive it. Does the handshake.
  TlsPeer(Peer& connection, TlsRole role, const TlsOptions& options);
  /// Owns it.
  TlsPeer(Peer&& connection, TlsRole role, const TlsOptions& options);
  /// The serving side with this certificate.
  TlsPeer(Peer& client, const Certificate& certificate);
  ~TlsPeer();
  TlsPeer(TlsPeer&&) noexcept;
  TlsPeer& operator=(TlsPeer&&) noexcept;

  /// One whose handshake has not begun.
  static TlsPeer before_handshake(Peer&& connection, TlsRole role, const TlsOptions& options);
  static TlsPeer before_handshake(Peer& connection, TlsRole role, const TlsOptions& options);

  /// A client's first flight, once, which the test sends itself by socket(); handshake() does the rest.
  std::string client_hello();
  /// Throws std::runtime_error with OpenSSL's words. In TLS 1.3 a client's has succeeded before the server has looked
  /// at its certificate: the alert comes with the next read.
  void handshake();
  /// Whether it succeeded; if not, alert() and problem() say why.
  bool try_handshake();
  /// What the last failure was, in OpenSSL's words.
  const std::string& problem() const;
  /// The last alert that came, such as `handshake_failure` or `close_notify`; empty if none did.
  const std::string& alert() const;
  /// The last alert that was sent.
  const std::string& sent_alert() const;

  std::string version() const;        ///< `TLSv1.3`
  std::string cipher() const;         ///< as OpenSSL names it
  std::string protocol() const;       ///< that ALPN chose; empty = none
  std::string name() const;           ///< a server: the SNI that came
  std::string peer_name() const;      ///< the other side's common name; empty without a certificate
  std::string peer_key_kind() const;  ///< of its certificate: `EC`, `RSA`
  bool resumed() const;
  /// The newest session that can be resumed. In TLS 1.3 tickets come with the first read. Empty if none came.
  std::string session() const;

  void send_all(std::string_view bytes);
  std::string receive_exactly(std::size_t size);
  /// Everything up to and with the text.
  std::string receive_until(std::string_view end);
  /// Everything up to the end of the connection. What is sent to it meanwhile (KeyUpdates) is answered.
  TlsReceived receive_until_end();
  /// Everything up to close_notify, without waiting for the FIN.
  TlsReceived receive_until_close_notify();
  /// Sends all, then close_notify and a FIN, and at the same time receives until the other side ends.
  TlsReceived exchange(std::string_view bytes, std::size_t write_size = 16 * 1024);

  /// Sends close_notify and no FIN.
  void close_notify();
  /// Sends a FIN; without close_notify before it, that is a truncation.
  void fin();
  /// close_notify, then a FIN.
  void finish();
  void reset() { socket().reset(); }
  void close() { socket().close(); }

  /// TLS 1.3: new keys for what this side sends; `ask` wants new ones of the other side too.
  void update_keys(bool ask);
  /// TLS 1.2: asks for another handshake, and reads until it succeeded (true) or was refused.
  bool renegotiate();
  /// The records of so much plain text, without sending them.
  std::string seal(std::string_view bytes);

  Peer& socket();

 private:
  struct Session;
  explicit TlsPeer(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

/// A ClientHello, or any other records, cut into two records before this byte of the first one's content.
std::string cut_into_records(std::string_view records, std::size_t at);
/// The bytes of content in the first record.
std::size_t content_size(std::string_view records);

}  // namespace weir::test
