#include "client/tls/tls_client.hpp"

#include <fmt/format.h>

#include <new>

#include "client/tls/stream_failure.hpp"

namespace weir::load {

TlsClient::TlsClient(const TlsOptions& options, const Address& target, std::size_t sessions)
    : host_(target.is_inet() ? target.host : std::string()),
      context_(options.to_client_options()),
      sessions_(options.resume ? sessions : 0) {}

net::awaitable<TlsHandshake> TlsClient::shake_hands(Transport& transport, io::Slot& slot, std::uint64_t number,
                                                    std::chrono::microseconds timeout,
                                                    const std::function<bool()>& running) {
  using Step = tls::Stream::Handshake;
  TlsHandshake result;
  const io::Clock::time_point began = io::Clock::now();
  tls::SslPtr ssl = context_.make(host_);
  if (ssl == nullptr) throw std::bad_alloc();
  if (!sessions_.empty()) sessions_[number % sessions_.size()].attach(*ssl);
  tls::Stream& stream = transport.begin_tls(buffers_, std::move(ssl));
  slot.set_deadline(began + timeout);
  for (;;) {
    const Step step = stream.handshake();
    if (step == Step::done) break;
    if (step == Step::failed) {
      result.failure = handshake_failure(stream);
      result.detail = handshake_detail(stream);
      // The alert that says why is still to arrive.
      transport.close();
      slot.clear_deadline();
      co_return result;
    }
    co_await slot.wait(stream.can_step());
    stream.flush();
    const bool late = slot.timer_fired();
    if (!late && running()) continue;
    if (late) result.failure = Failure::tls_timeout;
    transport.reset();
    slot.clear_deadline();
    co_return result;
  }
  slot.clear_deadline();
  result.done = true;
  result.took = io::Clock::now() - began;
  tls::Facts facts;
  stream.describe(facts);
  result.resumed = facts.resumed.value_or(false);
  co_return result;
}

std::string agreed_on(const tls::Stream& stream) {
  tls::Facts facts;
  stream.describe(facts);
  std::string text = fmt::format("{}, {}", facts.version, facts.cipher);
  if (!facts.alpn.empty()) text += fmt::format(", ALPN {}", facts.alpn);
  return text;
}

}  // namespace weir::load
