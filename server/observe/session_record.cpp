#include "server/observe/session_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "common/escapes.hpp"
#include "common/logging.hpp"
#include "common/printable.hpp"
#include "common/stable_hash.hpp"

namespace weir {

namespace {

/// How a record is written: the two forms differ in how a key, a text and a null look.
struct Form {
  std::string_view open, separator, key_format, null, close;
  bool quoted;
};

constexpr Form kJson{"{", ",", "\"{}\":", "null", "}", true};
constexpr Form kText{"", " ", "{}=", "-", "", false};
constexpr Form kTlsText{"", " ", "tls_{}=", "-", "", false};

/// Whether a peer's text can stand in a line of `key=value`s as it is.
bool is_one_word(std::string_view text) {
  return text != kText.null &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

class Writer {
 public:
  explicit Writer(const Form& form) : form_(form) { line_ = form.open; }

  void text(std::string_view key, std::string_view value) {
    begin(key);
    if (form_.quoted) {
      line_ += json_quote(value);
    } else {
      line_ += value;
    }
  }
  /// What a peer wrote, whatever that is: it can end neither the value nor the line, and reads back as one value.
  void foreign_text(std::string_view key, std::string_view value) {
    if (value.empty()) return null(key);
    value = value.substr(0, kLongestForeignText);
    if (form_.quoted) return text(key, terminal_text(value));
    if (is_one_word(value)) return text(key, value);
    begin(key);
    line_ += '"';
    for (const char c : escape(value)) {
      if (c == '"') line_ += '\\';
      line_ += c;
    }
    line_ += '"';
  }
  void null(std::string_view key) {
    begin(key);
    line_ += form_.null;
  }
  /// Whole in its own form.
  void object(std::string_view key, std::string_view value) {
    begin(key);
    line_ += value;
  }
  template <typename Number>
  void number(std::string_view key, Number value) {
    begin(key);
    fmt::format_to(std::back_inserter(line_), "{}", value);
  }
  void millis(std::string_view key, std::chrono::microseconds value) {
    begin(key);
    fmt::format_to(std::back_inserter(line_), "{:.3f}", static_cast<double>(value.count()) / 1000.0);
  }
  template <typename Number>
  void optional(std::string_view key, const std::optional<Number>& value) {
    if (value) {
      number(key, *value);
    } else {
      null(key);
    }
  }
  std::string finish() && { return std::move(line_ += form_.close); }

 private:
  void begin(std::string_view key) {
    if (line_.size() > form_.open.size()) line_ += form_.separator;
    fmt::format_to(std::back_inserter(line_), fmt::runtime(form_.key_format), key);
  }

  const Form& form_;
  std::string line_;
};

std::string write_tls(const tls::Facts& facts, const Form& form) {
  Writer writer(form);
  writer.foreign_text("sni", facts.sni);
  writer.foreign_text("alpn", facts.alpn);
  writer.foreign_text("version", facts.version);
  writer.foreign_text("cipher", facts.cipher);
  writer.optional("resumed", facts.resumed);
  if (facts.handshake_time) {
    writer.millis("handshake_ms", *facts.handshake_time);
  } else {
    writer.null("handshake_ms");
  }
  writer.foreign_text("client_cn", facts.client_cn);
  writer.foreign_text("alert", facts.alert);
  return std::move(writer).finish();
}

std::string names_of(const FaultFacts& facts, bool quoted) {
  std::string names;
  for (const std::string& name : facts.names) {
    if (!names.empty()) names += ',';
    names += quoted ? json_quote(name) : name;
  }
  return names;
}

std::string write_faults(const FaultFacts& facts) {
  Writer writer(kJson);
  writer.number("number", facts.number);
  writer.object("names", fmt::format("[{}]", names_of(facts, true)));
  return std::move(writer).finish();
}

/// All but what it says of TLS and of faults.
Writer write(const SessionRecord& record, const Form& form) {
  Writer writer(form);
  writer.text("time", format_time(record.ended_at));
  writer.number("id", record.id);
  writer.text("listener", *record.listener);
  writer.text("client", record.client.to_string());
  if (record.proxied_client) {
    writer.text("proxied_client", record.proxied_client->to_string());
  } else {
    writer.null("proxied_client");
  }
  if (record.backend != nullptr) {
    writer.text("backend", *record.backend);
  } else {
    writer.null("backend");
  }
  writer.number("bytes_in", record.bytes_in);
  writer.number("bytes_out", record.bytes_out);
  writer.number("bytes_lost", record.bytes_lost);
  writer.millis("duration_ms", record.duration);
  if (record.connect_time) {
    writer.millis("connect_ms", *record.connect_time);
  } else {
    writer.null("connect_ms");
  }
  writer.number("attempts", record.attempts);
  writer.text("end", to_string(record.end));
  writer.optional("rtt_us", record.rtt_us);
  writer.optional("retransmits", record.retransmits);
  return writer;
}

}  // namespace

std::string_view to_string(SessionEnd end) {
  switch (end) {
    case SessionEnd::client_closed:
      return "client_closed";
    case SessionEnd::server_closed:
      return "server_closed";
    case SessionEnd::client_truncated:
      return "client_truncated";
    case SessionEnd::server_truncated:
      return "server_truncated";
    case SessionEnd::client_reset:
      return "client_reset";
    case SessionEnd::server_reset:
      return "server_reset";
    case SessionEnd::client_timeout:
      return "client_timeout";
    case SessionEnd::server_timeout:
      return "server_timeout";
    case SessionEnd::idle_timeout:
      return "idle_timeout";
    case SessionEnd::half_close_timeout:
      return "half_close_timeout";
    case SessionEnd::lifetime:
      return "lifetime";
    case SessionEnd::tls_error:
      return "tls_error";
    case SessionEnd::connect_failed:
      return "connect_failed";
    case SessionEnd::server_tls_failed:
      return "server_tls_failed";
    case SessionEnd::server_tls_untrusted:
      return "server_tls_untrusted";
    case SessionEnd::server_tls_refused:
      return "server_tls_refused";
    case SessionEnd::no_backend:
      return "no_backend";
    case SessionEnd::queue_timeout:
      return "queue_timeout";
    case SessionEnd::queue_full:
      return "queue_full";
    case SessionEnd::no_route:
      return "no_route";
    case SessionEnd::refused_limit:
      return "refused_limit";
    case SessionEnd::refused_rate:
      return "refused_rate";
    case SessionEnd::refused_handshakes:
      return "refused_handshakes";
    case SessionEnd::denied:
      return "denied";
    case SessionEnd::refused_resources:
      return "refused_resources";
    case SessionEnd::header_timeout:
      return "header_timeout";
    case SessionEnd::bad_proxy_header:
      return "bad_proxy_header";
    case SessionEnd::tls_not_tls:
      return "tls_not_tls";
    case SessionEnd::tls_handshake_failed:
      return "tls_handshake_failed";
    case SessionEnd::tls_handshake_timeout:
      return "tls_handshake_timeout";
    case SessionEnd::tls_unknown_name:
      return "tls_unknown_name";
    case SessionEnd::tls_client_rejected:
      return "tls_client_rejected";
    case SessionEnd::fault_reset:
      return "fault_reset";
    case SessionEnd::fault_end:
      return "fault_end";
    case SessionEnd::fault_refused:
      return "fault_refused";
    case SessionEnd::fault_connect_failed:
      return "fault_connect_failed";
    case SessionEnd::drained:
      return "drained";
    case SessionEnd::shutdown:
      return "shutdown";
    case SessionEnd::killed:
      return "killed";
    case SessionEnd::internal_error:
      break;
  }
  return "internal_error";
}

bool is_failure(SessionEnd end) {
  switch (end) {
    case SessionEnd::client_closed:
    case SessionEnd::server_closed:
    case SessionEnd::client_truncated:
    case SessionEnd::server_truncated:
    case SessionEnd::drained:
      return false;
    default:
      return true;
  }
}

ClientAddress::ClientAddress(const Endpoint& endpoint) {
  if (endpoint.family() == AF_INET6) {
    std::memcpy(&storage_.v6, endpoint.data(), sizeof storage_.v6);
  } else if (endpoint.family() == AF_INET) {
    std::memcpy(&storage_.v4, endpoint.data(), sizeof storage_.v4);
  } else {
    storage_.any.sa_family = AF_UNIX;
  }
}

std::uint64_t ClientAddress::source_hash() const {
  const std::optional<IpAddress> address = ip();
  return address ? mix(mix(address->high) ^ address->low) : 0;
}

Endpoint ClientAddress::endpoint() const {
  if (!is_inet()) return {};
  const std::size_t size = storage_.any.sa_family == AF_INET ? sizeof storage_.v4 : sizeof storage_.v6;
  return {&storage_.any, static_cast<socklen_t>(size)};
}

std::string ClientAddress::to_string() const {
  if (!is_inet()) return "unix:";
  if (storage_.any.sa_family == AF_INET || !IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) return endpoint().to_string();
  sockaddr_in mapped{};
  mapped.sin_family = AF_INET;
  mapped.sin_port = storage_.v6.sin6_port;
  std::memcpy(&mapped.sin_addr, storage_.v6.sin6_addr.s6_addr + 12, sizeof mapped.sin_addr);
  sockaddr generic{};
  std::memcpy(&generic, &mapped, sizeof generic);
  return Endpoint(&generic, sizeof mapped).to_string();
}

std::string to_json(const SessionRecord& record) {
  Writer writer = write(record, kJson);
  writer.object("tls", record.tls ? write_tls(*record.tls, kJson) : std::string(kJson.null));
  writer.object("faults", record.faults ? write_faults(*record.faults) : std::string(kJson.null));
  return std::move(writer).finish();
}

std::string to_text(const SessionRecord& record) {
  std::string line = write(record, kText).finish();
  if (record.tls) line += fmt::format("{}{}", kText.separator, write_tls(*record.tls, kTlsText));
  if (record.faults) {
    const std::string names = names_of(*record.faults, false);
    line += fmt::format(" fault_number={} faults={}", record.faults->number, names.empty() ? kText.null : names);
  }
  return line;
}

}  // namespace weir
