#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "client/message/message.hpp"

namespace weir::load {

/// The shape of a run numbered 77 with messages of that length.
inline MessageShape shape_of(const std::string& lengths) {
  MessageShape shape;
  shape.lengths = LengthSpec::parse(lengths);
  shape.run = 77;
  return shape;
}

inline MessageShape shape_of_text(const std::string& text) {
  MessageShape shape = shape_of("64");
  shape.text = text;
  return shape;
}

inline Message made(const MessageShape& shape, std::uint32_t connection, std::uint64_t sequence,
                    std::uint64_t sent_ns = 123'456) {
  Message message;
  message.make(shape, 0, connection, sequence, sent_ns);
  return message;
}

/// What goes over the wire, piece by piece as a socket would take it.
inline std::string request_of(const Message& message, std::size_t piece = ~std::size_t{0}) {
  std::string bytes;
  while (bytes.size() < message.length()) {
    const auto [first, second] = message.unsent(bytes.size());
    std::string both(reinterpret_cast<const char*>(first.data()), first.size());
    both.append(reinterpret_cast<const char*>(second.data()), second.size());
    bytes += both.substr(0, piece);
  }
  return bytes;
}

inline std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace weir::load
