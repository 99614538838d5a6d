#include "server/config/value_kinds.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include "common/name_form.hpp"

namespace weir {

void Flag::read(const Value& value, bool& target, Reading& /*reading*/) const {
  const std::optional<std::string> found = value.text("true or false");
  if (!found) return;
  if (value.is_plain("true") || value.is_plain("false")) {
    target = value.is_plain("true");
  } else {
    value.fail(in_quotes(*found) + " is not a boolean; write true or false");
  }
}

void Flag::dump(TreeWriter& out, bool target) const { out.plain(target ? "true" : "false"); }

void dump_word(TreeWriter& out, std::string_view word) {
  const bool number = word.find_first_not_of("0123456789.") == std::string_view::npos;
  number ? out.text(std::string(word)) : out.plain(std::string(word));
}

void WholeNumber::read(const Value& value, std::uint32_t& target, Reading& /*reading*/) const {
  const std::string right = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const std::optional<std::string> found = value.text(right);
  if (!found) return;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), number);
  const bool whole = error == std::errc{} && end == found->data() + found->size();
  if (!value.node().plain || !whole || number < least || number > most) {
    return value.fail(in_quotes(*found) + " is not " + right);
  }
  target = number;
}

void WholeNumber::dump(TreeWriter& out, std::uint32_t target) const { out.plain(std::to_string(target)); }

void Duration::read(const Value& value, milliseconds& target, Reading& /*reading*/) const {
  const std::optional<std::string> found = value.text("a duration such as 30s");
  if (!found) return;
  try {
    const std::chrono::microseconds duration = parse_duration(*found);
    const auto rounded = std::chrono::duration_cast<milliseconds>(duration);
    if (rounded != duration) return value.fail(in_quotes(*found) + " is finer than a millisecond; write 1ms or more");
    if (rounded < least) {
      return value.fail(in_quotes(*found) + " is too short; write " + format_duration(least) + " or more");
    }
    target = rounded;
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void Duration::dump(TreeWriter& out, milliseconds target) const { out.plain(format_duration(target)); }

void WholeSeconds::read(const Value& value, std::chrono::seconds& target, Reading& /*reading*/) const {
  const std::string right =
      "whole seconds from " + format_duration(least) + " to " + std::to_string(most.count()) + "s";
  const std::optional<std::string> found = value.text(right);
  if (!found) return;
  try {
    const std::chrono::microseconds duration = parse_duration(*found);
    const auto rounded = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (rounded != duration || rounded < least || rounded > most) {
      return value.fail(in_quotes(*found) + " is out of bounds; write " + right);
    }
    target = rounded;
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void WholeSeconds::dump(TreeWriter& out, std::chrono::seconds target) const { out.plain(format_duration(target)); }

void RateLimit::read(const Value& value, Rate& target, Reading& /*reading*/) const {
  const auto text = value.text("a rate such as 100/s, or 0 for no limit");
  if (!text) return;
  try {
    target = parse_rate(*text);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void RateLimit::dump(TreeWriter& out, const Rate& target) const { out.plain(format_rate(target)); }

void UserTimeout::read(const Value& value, milliseconds& target, Reading& reading) const {
  milliseconds read = target;
  Duration{}.read(value, read, reading);
  if (read > kMost) return value.fail(format_duration(read) + " is more than the kernel takes; write 596h or less");
  target = read;
}

void UserTimeout::dump(TreeWriter& out, milliseconds target) const { Duration{}.dump(out, target); }

void Name::read(const Value& value, std::string& target, Reading& reading) const {
  const std::optional<std::string> name = value.text("a name");
  if (!name) return;
  if (const std::string problem = problem_of_name(*name); !problem.empty()) return value.fail(problem);
  const auto [first, is_new] = (reading.*taken).emplace(*name, value.position());
  if (!is_new) {
    return value.fail("another " + std::string(thing) + " has this name " + first_place(first->second) +
                      "; each needs its own");
  }
  target = *name;
}

void Name::dump(TreeWriter& out, const std::string& target) const { dump_text(out, target); }

void FineDuration::read(const Value& value, std::chrono::microseconds& target, Reading&) const {
  const std::optional<std::string> found = value.text("a duration such as 50ms");
  if (!found) return;
  try {
    target = parse_duration(*found);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void FineDuration::dump(TreeWriter& out, std::chrono::microseconds target) const { out.plain(format_duration(target)); }

void Size::read(const Value& value, std::uint64_t& target, Reading&) const {
  const std::optional<std::string> found = value.text("a number of bytes such as 64KiB");
  if (!found) return;
  try {
    const std::uint64_t size = parse_size(*found);
    if (size < least) return value.fail(in_quotes(*found) + " is too small; write " + format_size(least) + " or more");
    if (size > most) return value.fail(in_quotes(*found) + " is too large; write " + format_size(most) + " or less");
    target = size;
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void Size::dump(TreeWriter& out, std::uint64_t target) const { out.plain(format_size(target)); }

void ByteRate::read(const Value& value, std::uint64_t& target, Reading&) const {
  const std::optional<std::string> found = value.text("bytes a second such as 100KB/s");
  if (!found) return;
  try {
    target = parse_byte_rate(*found);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

void ByteRate::dump(TreeWriter& out, std::uint64_t target) const { out.plain(format_byte_rate(target)); }

void Decimal::read(const Value& value, double& target, Reading&) const {
  const std::string right = fmt::format("a number from 0 to {}", most);
  const std::optional<std::string> found = value.text(right);
  if (!found) return;
  double number = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), number);
  const bool whole = error == std::errc{} && end == found->data() + found->size();
  const bool within = number >= 0 && number <= most;
  if (!value.node().plain || !whole || !within) return value.fail(in_quotes(*found) + " is not " + right);
  target = number;
}

void Decimal::dump(TreeWriter& out, double target) const { out.plain(fmt::format("{}", target)); }

void dump_text(TreeWriter& out, const std::string& text) { out.text(text); }

void dump_texts(TreeWriter& out, const std::vector<std::string>& texts) {
  out.begin_flow_list();
  for (const std::string& text : texts) dump_text(out, text);
  out.end();
}

}  // namespace weir
