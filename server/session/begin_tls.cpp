#include "server/session/begin_tls.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "common/printable.hpp"
#include "common/tls/client_hello.hpp"
#include "common/tls/postgres_preamble.hpp"
#include "common/tls/server_name.hpp"
#include "server/session/first_bytes.hpp"
#include "server/session/handshake_places.hpp"
#include "server/session/handshake_step.hpp"

namespace weir {

namespace {

using Handshake = tls::Stream::Handshake;

/// How long a client that was refused may take to close, so that the alert reaches it.
constexpr std::chrono::seconds kAlertTime{1};

/// A record of its own with a fatal alert (RFC 8446, 6.2), for a client whose handshake is not begun.
constexpr std::array<unsigned char, 7> kUnrecognizedName{21, 3, 1, 0, 2, 2, 112};
constexpr std::array<unsigned char, 7> kDecodeError{21, 3, 1, 0, 2, 2, 50};

/// An ErrorResponse that PostgreSQL's clients show to their users (PostgreSQL 18, 54.7 and 54.8).
std::string postgres_refusal() {
  std::string fields;
  for (const std::string_view field : {"SFATAL", "VFATAL", "C28000", "Mthis server accepts TLS connections only"}) {
    fields.append(field).push_back('\0');
  }
  fields.push_back('\0');
  const auto size = static_cast<char>(fields.size() + 4);
  return std::string{'E', 0, 0, 0, size} + fields;
}

void say_refused(const Session& session, std::string_view problem) {
  if (const std::uint64_t times = session.context->resources.refusals.admit(session.now()); times > 0) {
    spdlog::warn("listener {}: the TLS of {} was refused: {}{}", *session.context->name, session.source().to_string(),
                 problem, times_since_last_said(times));
  }
}

bool matches(const ProxyRoute& route, const tls::ClientHello& hello) {
  const bool named = route.names.empty() || std::any_of(route.names.begin(), route.names.end(), [&](const auto& name) {
                       return !hello.server_name.empty() && tls::covers(name, hello.server_name);
                     });
  return named && (route.alpn.empty() || std::find_first_of(route.alpn.begin(), route.alpn.end(), hello.alpn.begin(),
                                                            hello.alpn.end()) != route.alpn.end());
}

/// What a client's first bytes say: whether its side is TLS, and who serves it.
class Opening {
 public:
  explicit Opening(Session& session)
      : session_(session),
        listener_(*session.context->listener),
        options_(session.config().tls ? &*session.config().tls : nullptr),
        proxy_(std::get_if<ProxyService>(&listener_.service())),
        first_(session, tls::kLongestHelloBytes),
        awaits_request_(options_ != nullptr && options_->starttls == tls::StartTls::postgres) {}

  /// Looks on at what has come.
  Progress look() {
    return first_.look([this](std::span<const std::byte> bytes) { return decide(bytes); },
                       [this](bool any) { return at_end(any); });
  }
  bool any_came() { return any_came_ || !first_.taken().empty(); }
  /// The client's FIN came in the middle of them.
  bool left() const { return left_; }
  /// The client is spoken to in TLS, with this name.
  bool terminates() const { return terminates_; }
  std::vector<std::byte>& taken() { return first_.taken(); }

 private:
  Decision decide(std::span<const std::byte> bytes) {
    any_came_ = true;
    if (!awaits_request_) return decide_hello(bytes);
    const tls::PostgresPreambleParse parse = tls::parse_postgres_preamble(bytes);
    switch (parse.kind) {
      case tls::PostgresPreamble::incomplete:
        return {};
      case tls::PostgresPreamble::direct_tls:
        awaits_request_ = false;
        return decide_hello(bytes);
      case tls::PostgresPreamble::ssl_request:
      case tls::PostgresPreamble::gssenc_request:
        if (parse.behind > 0) return refuse(SessionEnd::tls_not_tls, "bytes came behind a request for encryption");
        asked_ = parse.kind;
        return {Progress::complete, parse.size};
      case tls::PostgresPreamble::startup:
        if (options_->plaintext == tls::ServerOptions::Plaintext::refuse) {
          const std::string refusal = postgres_refusal();
          session_.client.write(std::as_bytes(std::span(refusal)));
          session_.close_softly = true;
        }
        return decide_plain("it is a session of PostgreSQL without TLS");
      case tls::PostgresPreamble::cancel_request:
        return decide_plain("it is a request to cancel without TLS");
      case tls::PostgresPreamble::invalid:
        break;
    }
    return decide_plain(parse.problem);
  }

 public:
  /// After `complete`: answers a request, after which more is to come. Returns whether there was one.
  bool answer_request() {
    if (!asked_) return false;
    const char answer = asked_ == tls::PostgresPreamble::ssl_request ? 'S' : 'N';
    awaits_request_ = answer == 'N';
    promised_tls_ = answer == 'S';
    asked_.reset();
    session_.client.write(std::as_bytes(std::span(&answer, 1)));
    return true;
  }

 private:
  Decision decide_hello(std::span<const std::byte> bytes) {
    if (bytes.size() < wanted_) return {};
    const tls::ClientHelloParse parse = tls::parse_client_hello(bytes);
    switch (parse.status) {
      case tls::ClientHelloParse::Status::incomplete:
        wanted_ = parse.at_least;
        return {};
      case tls::ClientHelloParse::Status::complete:
        return decide_route(parse.hello);
      case tls::ClientHelloParse::Status::not_tls:
        return decide_plain(parse.problem);
      case tls::ClientHelloParse::Status::too_long:
      case tls::ClientHelloParse::Status::invalid:
        break;
    }
    alert(kDecodeError);
    return refuse(SessionEnd::tls_handshake_failed, parse.problem);
  }

  Decision decide_route(const tls::ClientHello& hello) {
    session_.tls_facts = new tls::Facts;
    session_.tls_facts->sni = hello.server_name;
    bool terminate = options_ != nullptr;
    if (proxy_ != nullptr) {
      session_.target = proxy_;
      for (const ProxyRoute& route : proxy_->routes) {
        if (!matches(route, hello)) continue;
        session_.target = &route.target;
        terminate = route.terminates;
        break;
      }
      if (session_.target->upstream == nullptr) {
        alert(kUnrecognizedName);
        return refuse(SessionEnd::no_route, "no route is for the name " + quoted(hello.server_name));
      }
    }
    if (terminate && !listener_.tls()->current()->knows(hello.server_name)) {
      alert(kUnrecognizedName);
      return refuse(SessionEnd::tls_unknown_name, "no certificate is for the name " + quoted(hello.server_name));
    }
    terminates_ = terminate;
    session_.asks_postgres = promised_tls_ && !terminate;
    return {Progress::complete};
  }

  /// Of what is no TLS: served where that is allowed.
  Decision decide_plain(std::string_view problem) {
    const bool allowed =
        !promised_tls_ && (options_ == nullptr || options_->plaintext == tls::ServerOptions::Plaintext::allow);
    if (!allowed) return refuse(SessionEnd::tls_not_tls, problem);
    if (proxy_ != nullptr && proxy_->upstream == nullptr) return refuse(SessionEnd::no_route, problem);
    if (proxy_ != nullptr) session_.target = proxy_;
    return {Progress::complete};
  }

  Progress at_end(bool any) {
    if (!any && !any_came_) {
      session_.end_with(SessionEnd::client_closed);  // one that only checks whether the port is open
      return Progress::over;
    }
    left_ = true;
    return refuse(SessionEnd::tls_handshake_failed, "the connection ended within its first bytes").progress;
  }

  Decision refuse(SessionEnd why, std::string_view problem) {
    say_refused(session_, problem);
    session_.end_with(why);
    return {Progress::over};
  }

  void alert(const std::array<unsigned char, 7>& record) {
    session_.client.write(std::as_bytes(std::span(record)));
    session_.close_softly = true;
    if (!session_.tls_facts) session_.tls_facts = new tls::Facts;
    session_.tls_facts->alert = record[6] == kUnrecognizedName[6] ? "unrecognized_name" : "decode_error";
  }

  static std::string quoted(const std::string& name) { return name.empty() ? "of nobody" : in_quotes(name); }

  Session& session_;
  const Listener& listener_;
  const tls::ServerOptions* const options_;
  const ProxyService* const proxy_;
  FirstBytes first_;
  std::optional<tls::PostgresPreamble> asked_;
  std::size_t wanted_ = 0;  ///< fewer bytes than these are no whole hello
  bool awaits_request_;
  bool promised_tls_ = false;  ///< its request was granted, so that nothing else may come
  bool any_came_ = false;
  bool left_ = false;
  bool terminates_ = false;
};

/// Waits; returns whether the session is over.
net::awaitable<bool> wait_inside(Session& session) {
  Session& waiting = session;  // g++ 12 miscompiles some coroutines that have no local variable
  co_await waiting.wait();
  const auto why = waiting.must_end();
  if (!why) co_return false;
  waiting.note_cut(1);
  waiting.end_with(*why);
  co_return true;
}

SessionEnd end_of(const tls::Stream& stream) {
  switch (stream.failure()) {
    case tls::Stream::Failure::untrusted:
      return SessionEnd::tls_client_rejected;
    case tls::Stream::Failure::socket:
      return end_of_error(true, stream.error());
    case tls::Stream::Failure::none:
    case tls::Stream::Failure::protocol:
    case tls::Stream::Failure::alert:
    case tls::Stream::Failure::closed:
      break;
  }
  return SessionEnd::tls_handshake_failed;
}

std::string problem_of(const tls::Stream& stream) {
  if (stream.failure() == tls::Stream::Failure::closed) return "the client closed during the handshake";
  if (stream.failure() == tls::Stream::Failure::socket) return std::generic_category().message(stream.error());
  return std::string(stream.problem());
}

net::awaitable<void> shake_hands(Session& session, std::vector<std::byte> taken) {
  TlsResources& lent = session.context->resources.tls;
  TlsCounters& counters = *session.context->tls_counters;
  std::optional<LevelHold> standing;
  standing.emplace(counters.waiting());
  HandshakePlaces::Place place(lent.places, *session.slot);
  while (!place.granted()) {
    if (!co_await wait_inside(session)) continue;
    if (session.end == SessionEnd::tls_handshake_timeout) session.end = SessionEnd::refused_handshakes;
    co_return;
  }
  standing.emplace(counters.in_progress());
  tls::SslPtr ssl = session.context->listener->tls()->current()->make(session.tls_facts->sni, session.context->worker);
  if (!ssl) {
    // Its certificate may have been exchanged for others meanwhile.
    if (session.context->listener->tls()->current()->knows(session.tls_facts->sni)) throw std::bad_alloc();
    session.end_with(SessionEnd::tls_unknown_name);
    co_return;
  }
  session.tls = std::make_unique<tls::Stream>(session.client, lent.buffers, std::move(ssl), tls::Stream::Role::server,
                                              session.truncation());
  session.tls->begin_with(std::move(taken));
  Handshake state = Handshake::waiting;
  while (state == Handshake::waiting) {
    if (!session.tls->can_step()) {
      place.pause();
      while (!session.tls->can_step()) {
        session.tls->flush();
        if (co_await wait_inside(session)) co_return;
      }
      place.resume();
    }
    while (!place.granted()) {
      if (co_await wait_inside(session)) co_return;
    }
    HandshakeStep step(session, session.tls);
    while (!step.taken()) {
      if (co_await wait_inside(session)) co_return;
    }
    state = step.result();
  }
  session.tls->describe(*session.tls_facts);
  if (state == Handshake::done) {
    session.tls_facts->handshake_time =
        std::chrono::duration_cast<std::chrono::microseconds>(io::Clock::now() - session.deadlines.last_activity());
    counters.add_done(*session.tls_facts);
    co_return;
  }
  say_refused(session, problem_of(*session.tls));
  session.end_with(end_of(*session.tls));
  session.close_softly = session.tls->failure() != tls::Stream::Failure::socket;
}

/// Counts a handshake that came to nothing. Whoever only looks whether the port is open has not begun any.
void count_failure(const Session& session, Opening& opening) {
  TlsCounters* const counters = session.context->tls_counters;
  if (counters == nullptr || !session.end) return;
  if (opening.left() || (session.tls && session.tls->failure() == tls::Stream::Failure::closed)) {
    return counters->add_failed(SessionEnd::client_closed);  // it has abandoned it, and nothing was wrong
  }
  if (opening.any_came() || session.end == SessionEnd::tls_handshake_timeout) counters->add_failed(*session.end);
}

/// The alert that was written, or an answer, must not be lost by a RST, which the kernel sends where unread bytes are.
net::awaitable<void> let_alert_arrive(Session& session) {
  constexpr int kReadsAtOnce = 4;
  const Session::Time until = session.now() + kAlertTime;
  session.tls.reset();  // what it holds in memory is bounded for handshakes that are under way alone
  session.client.shutdown_write();
  while (session.now() < until && session.slot->interruption() == 0) {
    for (int reads = 0; session.client.readable() && reads < kReadsAtOnce; ++reads) {
      const io::IoResult got = session.client.read(session.scratch());
      if (got.status == io::IoResult::Status::end || got.status == io::IoResult::Status::failed) co_return;
    }
    // No other deadline of the session counts any more: one that has passed would wake it again and again.
    session.slot->clear_deadline();
    session.slot->set_deadline(until);
    co_await session.slot->wait(session.client.readable());
  }
}

}  // namespace

net::awaitable<std::vector<std::byte>> begin_tls(Session& session) {
  Opening opening(session);
  session.enter(Deadlines::Stage::handshake);
  for (Progress progress = opening.look(); progress != Progress::over; progress = opening.look()) {
    if (progress == Progress::complete && !opening.answer_request()) break;
    if (progress == Progress::complete) continue;
    co_await session.wait();
    if (const auto why = session.must_end()) {
      session.note_cut(opening.any_came() ? 1 : 0);
      session.end_with(*why);
      count_failure(session, opening);
      co_return std::vector<std::byte>();
    }
  }
  if (!session.end && opening.terminates()) co_await shake_hands(session, std::exchange(opening.taken(), {}));
  count_failure(session, opening);
  if (session.end && session.close_softly) co_await let_alert_arrive(session);
  co_return std::move(opening.taken());
}

}  // namespace weir
