#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/pacing/pacer.hpp"
#include "client/stream/pace.hpp"
#include "client/stream/stream_pattern.hpp"
#include "client/stream/stream_protocol.hpp"
#include "common/endpoint.hpp"
#include "common/io/event_loop.hpp"
#include "common/io/stream.hpp"

namespace weir::load {

/// What the sessions of one thread of the far end have in common. Its loop's thread, unless said otherwise.
struct ServeContext {
  static constexpr std::uint8_t kSlotKind = 1;

  std::chrono::microseconds timeout;
  bool stopping = false;                   ///< sessions end now
  std::atomic<std::uint32_t> sessions{0};  ///< any thread
  std::atomic<bool> wrong{false};          ///< any thread: a stream had a wrong byte
  io::EventLoop loop;                      ///< ends sessions when it goes
  Pacer pacer{loop};
};

/// One client of `weir-load stream --serve`: its first line, its bytes checked by position, ours until its FIN, the
/// result. Whatever a client does costs it its own connection only.
class ServeSession {
 public:
  ServeSession(ServeContext& context, io::Descriptor socket, const Endpoint& peer);
  ServeSession(const ServeSession&) = delete;
  ServeSession& operator=(const ServeSession&) = delete;
  ~ServeSession() { --context_.sessions; }

  /// Its life; prints a line when it ends.
  net::awaitable<void> run();

 private:
  using Moment = io::Clock::time_point;

  bool receive();
  bool send();
  void take(std::span<const std::byte> bytes);
  void take_first_line(std::span<const std::byte> bytes);
  void begin(const StreamPreamble& preamble);
  void judge();
  void stop_sending();
  StreamResult make_result() const;
  void look_at_clock();
  void set_deadline(Moment due);
  void end(std::string how);
  void print_line() const;

  ServeContext& context_;
  const std::string peer_;
  const io::SlotPtr slot_;
  io::Stream stream_;
  const Moment began_ = io::Clock::now();
  std::string line_;  ///< the first one, until it is whole
  std::optional<StreamPreamble> preamble_;
  std::optional<PatternChecker> checker_;  ///< of what the client sends
  std::optional<StreamPattern> pattern_;   ///< of what it gets
  Pace pace_{0};
  PacedWait paced_;
  std::string out_;  ///< a line that is not yet written
  std::uint64_t sent_ = 0;
  std::optional<WrongReply> wrong_;
  std::uint64_t wrong_amount_ = 0;
  SendLimits limits_;
  bool judging_ = false;
  bool client_ended_ = false;
  bool result_queued_ = false;
  bool fin_sent_ = false;
  std::string how_;  ///< it ended, where that was not in order; empty while it lasts
  bool over_ = false;
  Moment deadline_ = Moment::max();
  std::uint64_t unsent_at_deadline_ = 0;
};

}  // namespace weir::load
