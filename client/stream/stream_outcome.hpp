#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/measure/failure.hpp"
#include "client/measure/wrong_reply.hpp"
#include "client/stream/stream_answer.hpp"
#include "client/stream/stream_protocol.hpp"
#include "client/stream/tcp_facts.hpp"
#include "common/io/timer_wheel.hpp"

namespace weir::load {

/// How far one stream has come, at some moment. Bytes of the pattern only.
struct StreamProgress {
  std::uint64_t up = 0;    ///< sent and acknowledged
  std::uint64_t down = 0;  ///< received and right
  std::optional<TcpFacts> tcp;
};

/// What became of one stream.
struct StreamOutcome {
  bool reached = false;  ///< connected
  FarEnd far_end = FarEnd::silent;
  std::uint64_t sent = 0;                    ///< bytes of the pattern, written
  std::uint64_t received = 0;                ///< bytes of the pattern, right
  StreamProgress progress;                   ///< at its end
  SendLimits limits;                         ///< until its FIN
  std::optional<io::Clock::duration> close;  ///< from our FIN to the peer's
  Failure failure = Failure::none;
  std::string detail;  ///< of the failure
  std::optional<WrongReply> wrong;
  bool wrong_way_up = false;  ///< the wrong byte is one that the far end got
  std::optional<StreamResult> result;
};

}  // namespace weir::load
