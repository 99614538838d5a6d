#include "common/tls/stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "common/tls/certificate_facts.hpp"
#include "common/tls/trust_problem.hpp"

namespace weir::tls {

using Status = io::IoResult::Status;

namespace {

/// A peer may send so many messages after its handshake, and one more for each so many bytes: for new keys, for a new
/// handshake, with tickets. Each costs us some work, and some an answer.
constexpr std::uint32_t kFreeDemands = 32;
constexpr std::uint64_t kBytesForDemand = 32 * 1024;

/// OpenSSL reports an alert of the peer as this and the alert's number (openssl/ssl.h).
bool is_alert(int reason) { return reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256; }

/// With its memory, which an assignment of {} would keep.
void give_up(std::vector<std::byte>& bytes) { std::vector<std::byte>().swap(bytes); }

bool is_about_trust(int reason) {
  return reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
}

}  // namespace

/// OpenSSL's side of a stream: it reads from `window_` and writes to the thread's output, or in a step of a handshake,
/// which may be another thread's, to `unsent_`.
struct StreamBio {
  static Stream& stream_of(BIO* bio) { return *static_cast<Stream*>(::BIO_get_data(bio)); }

  static int read(BIO* bio, char* buffer, std::size_t size, std::size_t* moved) {
    Stream& stream = stream_of(bio);
    ::BIO_clear_retry_flags(bio);
    *moved = std::min(size, stream.window_.size());
    if (*moved == 0) {
      // Also after a FIN, of which Stream takes note: without close_notify OpenSSL takes it for a fatal error, after
      // which nothing could be sent either.
      ::BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(buffer, stream.window_.data(), *moved);
    stream.window_ = stream.window_.subspan(*moved);
    stream.ahead_ += static_cast<std::int32_t>(*moved);
    return 1;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    Stream& stream = stream_of(bio);
    std::vector<std::byte>& output = stream.stepping_ ? stream.unsent_ : stream.buffers_.output;
    ::BIO_clear_retry_flags(bio);
    *moved = 0;
    try {
      const auto bytes = std::as_bytes(std::span(data, size));
      output.insert(output.end(), bytes.begin(), bytes.end());
    } catch (const std::bad_alloc&) {
      return 0;
    }
    *moved = size;
    return 1;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_FLUSH) return 1;
    return 0;
  }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir stream");
      if (method == nullptr) throw std::bad_alloc();
      ::BIO_meth_set_read_ex(method, read);
      ::BIO_meth_set_write_ex(method, write);
      ::BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

/// Gives OpenSSL what was kept, or else what the socket has.
class Stream::Input {
 public:
  Input(Stream& stream, std::size_t most) : stream_(stream), kept_(std::exchange(stream.inbox_, {})) {
    // What an exception left behind there belongs to another connection.
    stream.buffers_.output.clear();
    if (!kept_.empty()) {
      stream_.window_ = std::span(kept_).subspan(std::exchange(stream.inbox_offset_, 0));
      return;
    }
    if (!stream_.socket_.readable() || stream_.fin_came_ || most == 0) return;
    const io::IoResult got = stream_.socket_.read({stream_.buffers_.input.get(), std::min(most, Buffers::kInput)});
    if (got.status == Status::moved) {
      stream_.window_ = {stream_.buffers_.input.get(), got.bytes};
      stream_.received_ += got.bytes;
    }
    if (got.status == Status::end) stream_.fin_came_ = true;
    if (got.status == Status::failed) error_ = got.error;
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { stream_.window_ = {}; }

  /// The socket's, an errno.
  int error() const { return error_; }
  /// Keeps what OpenSSL has not taken. May throw std::bad_alloc.
  void keep_rest() {
    const auto rest = std::exchange(stream_.window_, {});
    if (rest.empty()) return;
    if (kept_.empty()) {
      stream_.inbox_.assign(rest.begin(), rest.end());
    } else {
      stream_.inbox_offset_ = static_cast<std::uint32_t>(kept_.size() - rest.size());
      stream_.inbox_.swap(kept_);
    }
  }

 private:
  Stream& stream_;
  std::vector<std::byte> kept_;
  int error_ = 0;
};

Stream::Stream(io::Stream& socket, Buffers& buffers, SslPtr ssl, Role role, Truncation truncation)
    : socket_(socket), buffers_(buffers), ssl_(std::move(ssl)), truncation_(truncation) {
  BIO* bio = ssl_ ? ::BIO_new(StreamBio::method()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  ::SSL_set_msg_callback(ssl_.get(), note_message);
  // SSL_set_msg_callback_arg() is this, with an old-style cast.
  ::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, this);
  role == Role::server ? ::SSL_set_accept_state(ssl_.get()) : ::SSL_set_connect_state(ssl_.get());
}

void Stream::describe(Facts& facts) const {
  facts.alert = alert();
  if (!open_) return;
  facts.version = ::SSL_get_version(ssl_.get());
  facts.cipher = ::SSL_get_cipher_name(ssl_.get());
  facts.resumed = ::SSL_session_reused(ssl_.get()) == 1;
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  ::SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  facts.alpn.assign(protocol, protocol + size);
  const X509Ptr peer(::SSL_get1_peer_certificate(ssl_.get()));
  if (peer) facts.client_cn = common_name(peer.get());
}

Stream::Handshake Stream::handshake() {
  if (!begin_step()) return Handshake::failed;
  run_step();
  return end_step();
}

bool Stream::begin_step() {
  fresh_ = false;
  if (inbox_.empty() && socket_.readable() && !fin_came_) {
    const io::IoResult got = socket_.read({buffers_.input.get(), Buffers::kInput});
    if (got.status == Status::failed) {
      failure_ = Failure::socket;
      error_ = got.error;
      return false;
    }
    if (got.status == Status::moved) inbox_.assign(buffers_.input.get(), buffers_.input.get() + got.bytes);
    if (got.status == Status::end) fin_came_ = true;
  }
  window_ = std::span(inbox_).subspan(inbox_offset_);
  return true;
}

void Stream::run_step() {
  stepping_ = true;
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(ssl_.get());
  stepping_ = false;
  if (result == 1) {
    step_ = Handshake::done;
  } else if (!fin_came_ && ::SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    step_ = Handshake::waiting;
  } else {
    step_ = Handshake::failed;
    note_failure();
  }
}

Stream::Handshake Stream::end_step() {
  const std::size_t rest = std::exchange(window_, {}).size();
  inbox_offset_ = static_cast<std::uint32_t>(inbox_.size() - rest);
  if (rest == 0) {
    give_up(inbox_);
    inbox_offset_ = 0;
  }
  const bool sent = flush() == 0;
  if (step_ == Handshake::failed) return step_;
  if (!sent) {
    failure_ = Failure::socket;
    return Handshake::failed;
  }
  open_ = step_ == Handshake::done;
  return step_;
}

void Stream::note_failure() {
  const unsigned long error = ::ERR_peek_last_error();
  const int reason = ERR_GET_REASON(error);
  if (is_alert(reason)) {
    failure_ = Failure::alert;
    problem_ = "the peer refused with the alert " + alert();
  } else if (fin_came_) {
    failure_ = Failure::closed;
  } else if (is_about_trust(reason)) {
    failure_ = Failure::untrusted;
    problem_ = trust_problem(ssl_.get());
  } else {
    failure_ = Failure::protocol;
    const char* text = ::ERR_reason_error_string(error);
    problem_ = text != nullptr ? text : "unknown error";
  }
  ::ERR_clear_error();
}

void Stream::note_message(int sent, int /*version*/, int type, const void* data, std::size_t size, SSL* /*ssl*/,
                          void* self) {
  Stream& stream = *static_cast<Stream*>(self);
  const auto* bytes = static_cast<const unsigned char*>(data);
  if (type == SSL3_RT_ALERT && size >= 2 && bytes[1] != SSL_AD_CLOSE_NOTIFY) stream.alert_ = bytes[1];
  if (type == SSL3_RT_HEADER && sent == 0 && size >= SSL3_RT_HEADER_LENGTH) {
    stream.record_ = SSL3_RT_HEADER_LENGTH + bytes[3] * 256 + bytes[4];
    stream.ahead_ -= stream.record_;
  }
  if (!stream.open_ || size == 0) return;
  const bool key_update = sent == 0 && type == SSL3_RT_HANDSHAKE && bytes[0] == SSL3_MT_KEY_UPDATE;
  if (key_update) ++stream.key_updates_;
  // A peer of TLS 1.2 that asks for a new handshake is answered with an alert, as often as it asks.
  const bool refused = sent == 1 && type == SSL3_RT_ALERT && size >= 2 && bytes[1] == SSL_AD_NO_RENEGOTIATION;
  if ((sent == 0 && type == SSL3_RT_HANDSHAKE) || refused) ++stream.demands_;
  if (stream.demands_too_much()) stream.window_ = {};  // OpenSSL goes on as long as it has any
}

bool Stream::demands_too_much() const { return demands_ > kFreeDemands + plain_read_ / kBytesForDemand; }

std::string Stream::alert() const {
  if (alert_ == 0) return "";
  // OpenSSL 3.0 has no text for those that came with TLS 1.3.
  if (alert_ == TLS13_AD_CERTIFICATE_REQUIRED) return "certificate_required";
  if (alert_ == TLS13_AD_MISSING_EXTENSION) return "missing_extension";
  std::string name = ::SSL_alert_desc_string_long(alert_);
  for (char& letter : name)
    letter = letter == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return name;
}

io::IoResult Stream::outcome() const {
  if (error_ != 0) return {Status::failed, error_};
  if (truncated_ && truncation_ == Truncation::failure) return {Status::failed, kTruncated};
  if (over_) return {Status::end};
  return {Status::would_block};
}

io::IoResult Stream::read(std::span<std::byte> buffer) {
  if (over_) return outcome();
  const io::IoResult got = read_plain(buffer);
  send_output();  // answers to key updates, alerts; whoever writes next learns if the socket has failed
  return got;
}

io::IoResult Stream::read_plain(std::span<std::byte> buffer) {
  // What OpenSSL holds already has room first; then all that comes out of one read of the socket has. A small buffer
  // costs no more reads of the socket: what does not fit is kept.
  constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
  const std::size_t room = std::max(buffer.size(), 2 * kRecord) - kRecord;
  Input input(*this, unread_plain_ ? 0 : room);
  if (input.error() != 0) return {Status::failed, input.error()};
  std::size_t total = 0;
  unread_plain_ = true;
  for (std::size_t records = 0; total < buffer.size() && records < kRecordsAtOnce; ++records) {
    std::size_t bytes = 0;
    ::ERR_clear_error();
    const int result = ::SSL_read_ex(ssl_.get(), buffer.data() + total, buffer.size() - total, &bytes);
    if (result == 1) {
      total += bytes;
      continue;
    }
    conclude_reading(result);
    break;
  }
  plain_read_ += total;
  if (demands_too_much()) {
    problem_ = "too many messages for new keys or handshakes";
    error_ = kBroken;
    over_ = true;
  }
  if (!over_) input.keep_rest();
  if (total > 0) return {Status::moved, 0, total};
  return outcome();
}

void Stream::conclude_reading(int result) {
  unread_plain_ = false;
  writing_waits_ = false;
  const int why = ::SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_READ) {
    truncated_ = over_ = fin_came_;
    return;
  }
  over_ = true;
  if (why == SSL_ERROR_ZERO_RETURN) return;
  note_failure();
  error_ = kBroken;
}

io::IoResult Stream::write(std::span<const std::byte> data) {
  buffers_.output.clear();
  std::size_t done = 0;
  while (done < data.size()) {
    std::size_t bytes = 0;
    ::ERR_clear_error();
    const int result = ::SSL_write_ex(ssl_.get(), data.data() + done, data.size() - done, &bytes);
    if (result != 1 && ::SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
      writing_waits_ = true;  // the peer has sent the begin of a message
      break;
    }
    if (result != 1) {
      buffers_.output.clear();
      return {Status::failed, kBroken};
    }
    done += bytes;
  }
  if (!send_output()) return {Status::failed, error_};
  return {done > 0 ? Status::moved : Status::would_block, 0, done};
}

bool Stream::send_output() {
  std::vector<std::byte>& output = buffers_.output;
  if (output.empty()) return true;
  std::size_t sent = 0;
  int error = 0;
  if (unsent_.empty() && socket_.writable()) {
    const io::IoResult put = socket_.write(output);
    if (put.status == Status::failed) error = put.error;
    sent = put.bytes;
    sent_ += put.bytes;
  }
  if (error == 0 && sent < output.size()) {
    try {
      unsent_.insert(unsent_.end(), output.begin() + static_cast<std::ptrdiff_t>(sent), output.end());
    } catch (const std::bad_alloc&) {
      error = ENOMEM;
    }
  }
  output.clear();
  if (error != 0 && error_ == 0) error_ = error;
  return error == 0;
}

int Stream::flush() {
  while (!unsent_.empty() && socket_.writable()) {
    const io::IoResult put = socket_.write(std::span(unsent_).subspan(unsent_offset_));
    if (put.status == Status::failed) {
      return error_ = put.error;
    }
    unsent_offset_ += static_cast<std::uint32_t>(put.bytes);
    sent_ += put.bytes;
    if (unsent_offset_ < unsent_.size()) continue;
    give_up(unsent_);
    unsent_offset_ = 0;
  }
  return 0;
}

bool Stream::finish(io::Closes closes) {
  if (!closing_) {
    if (::SSL_in_init(ssl_.get()) != 0 && !over_) return false;  // the peer owes the rest of a message
    closing_ = true;
    buffers_.output.clear();
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    closing_bytes_ = static_cast<std::uint32_t>(buffers_.output.size());
    send_output();
  }
  flush();
  if (!unsent_.empty()) return false;
  if (closes == io::Closes::later && !std::exchange(fin_sent_, true)) socket_.shutdown_write();
  return true;
}

std::size_t Stream::unacknowledged() const {
  const std::size_t all = kept() + socket_.unacknowledged();
  return all - std::min<std::size_t>(all, closing_bytes_);
}

std::size_t Stream::at_hand() const {
  return inbox_.size() - inbox_offset_ + static_cast<std::size_t>(std::max(::SSL_pending(ssl_.get()), 0)) +
         socket_.unread();
}

/// A record that will never be whole holds nothing that is still under way.
std::size_t Stream::unread() const {
  const std::int32_t begun = ahead_ < 0 ? ahead_ + record_ : ahead_;
  return at_hand() + (over_ ? 0 : static_cast<std::size_t>(std::max(begun, 0)));
}

}  // namespace weir::tls
