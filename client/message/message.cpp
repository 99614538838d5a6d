#include "client/message/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "client/message/pattern.hpp"
#include "common/stable_hash.hpp"

namespace weir::load {

namespace {

void append_number(std::string& to, std::uint64_t number) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, number);
  to.append(digits, static_cast<std::size_t>(result.ptr - digits));
}

void render(std::string_view text, std::uint64_t thread, std::uint64_t connection, std::uint64_t n, std::string& into) {
  into.clear();
  const std::pair<std::string_view, std::uint64_t> names[] = {
      {"{thread}", thread}, {"{connection}", connection}, {"{n}", n}};
  while (!text.empty()) {
    const auto* name = std::find_if(std::begin(names), std::end(names),
                                    [&](const auto& candidate) { return text.starts_with(candidate.first); });
    if (name == std::end(names)) {
      into.push_back(text.front());
      text.remove_prefix(1);
    } else {
      append_number(into, name->second);
      text.remove_prefix(name->first.size());
    }
  }
}

constexpr std::array<std::string_view, 3> kNames{"thread", "connection", "n"};

}  // namespace

void check_template(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const auto end = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_letter) - rest.begin());
    if (end == 0 || end == rest.size() || rest[end] != '}') continue;
    const std::string_view name = rest.substr(0, end);
    if (std::find(kNames.begin(), kNames.end(), name) != kNames.end()) continue;
    throw std::invalid_argument("nothing stands for {" + std::string(name) +
                                "}; there are {thread}, {connection} and {n}");
  }
}

void Message::make(const MessageShape& shape, std::uint32_t thread, std::uint32_t connection, std::uint64_t sequence,
                   std::uint64_t sent_ns) {
  run_ = shape.run;
  connection_ = connection;
  sequence_ = sequence;
  upper_ = shape.upper;
  if (!shape.text.empty()) {
    render(shape.text, thread, connection, sequence, text_);
    expected_text_.assign(text_);
    if (upper_) {
      for (char& c : expected_text_) c = static_cast<char>(to_upper(static_cast<std::byte>(c)));
    }
    length_ = text_.size();
    head_size_ = static_cast<std::uint32_t>(length_);
    return;
  }
  const std::uint64_t identity = (std::uint64_t{connection} << 40) ^ sequence;
  length_ = shape.lengths.pick(mix(identity ^ mix(shape.seed)));
  start_ = static_cast<std::uint32_t>(mix(identity) % Pattern::kStarts);
  head_size_ = 0;
  if (length_ >= Header::kSize) {
    Header{run_, connection, sequence, sent_ns, length_}.encode(header_);
    head_size_ = Header::kSize;
  }
}

std::span<const std::byte> Message::head() const {
  return text_.empty() ? std::span(header_).first(head_size_) : std::as_bytes(std::span(text_));
}

std::span<const std::byte> Message::expected_head() const {
  return text_.empty() ? std::span(header_).first(head_size_) : std::as_bytes(std::span(expected_text_));
}

std::span<const std::byte> Message::expected_payload(std::uint64_t offset) const {
  const std::uint64_t position = start_ + (offset - head_size_);
  const std::uint64_t left = length_ - offset;
  return upper_ ? Pattern::upper_slice(position, left) : Pattern::slice(position, left);
}

std::pair<std::span<const std::byte>, std::span<const std::byte>> Message::unsent(std::uint64_t sent) const {
  std::span<const std::byte> first;
  if (sent < head_size_) {
    first = head().subspan(static_cast<std::size_t>(sent));
    sent = head_size_;
  }
  return {first, Pattern::slice(start_ + (sent - head_size_), length_ - sent)};
}

std::size_t Message::right_bytes(std::uint64_t offset, std::span<const std::byte> received) const {
  std::size_t right = 0;
  while (right < received.size()) {
    const std::uint64_t at = offset + right;
    std::span<const std::byte> expected =
        at < head_size_ ? expected_head().subspan(static_cast<std::size_t>(at)) : expected_payload(at);
    expected = expected.first(std::min(expected.size(), received.size() - right));
    if (std::memcmp(expected.data(), received.data() + right, expected.size()) != 0) {
      const auto wrong = std::mismatch(expected.begin(), expected.end(), received.begin() + static_cast<long>(right));
      return right + static_cast<std::size_t>(wrong.first - expected.begin());
    }
    right += expected.size();
  }
  return right;
}

std::size_t Message::copy_expected(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t copied = 0;
  while (copied < into.size() && offset < length_) {
    std::span<const std::byte> part =
        offset < head_size_ ? expected_head().subspan(static_cast<std::size_t>(offset)) : expected_payload(offset);
    part = part.first(std::min(part.size(), into.size() - copied));
    std::copy(part.begin(), part.end(), into.begin() + static_cast<long>(copied));
    copied += part.size();
    offset += part.size();
  }
  return copied;
}

}  // namespace weir::load
