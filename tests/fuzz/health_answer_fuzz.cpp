// What a health check expects, and whether an answer holds it: the outcome must not depend on how the answer was cut.
//
// An input is `expect` as a configuration writes it, a newline, and the answer. Its length says how the answer is cut.

#include <algorithm>
#include <stdexcept>
#include <string>

#include "common/escapes.hpp"
#include "server/control/expected_answer.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace weir::fuzz {
namespace {

using Status = ExpectedAnswer::Status;

void check_escapes(std::string_view bytes) {
  const std::string text = escape(bytes);
  require(std::all_of(text.begin(), text.end(), [](char byte) { return byte >= ' ' && byte <= '~'; }),
          "escaped text is printable ASCII");
  require(unescape(text) == bytes, "what is escaped is read back");
}

Status in_pieces(const std::string& expected, std::string_view answer, std::size_t size) {
  ExpectedAnswer wanted(expected);
  for (std::size_t at = 0; at < answer.size(); at += size) wanted.take(answer.substr(at, size));
  return wanted.status();
}

/// What must come of it, from the contract alone.
Status outcome_of(const std::string& expected, std::string_view answer) {
  if (answer.substr(0, ExpectedAnswer::kLongest).find(expected) != std::string_view::npos) return Status::found;
  return answer.size() >= ExpectedAnswer::kLongest ? Status::missing : Status::awaited;
}

void check_answer(const std::string& expected, std::string_view answer) {
  const Status outcome = outcome_of(expected, answer);
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, answer.size() % 61 + 3, std::size_t{4096},
                                 std::max<std::size_t>(answer.size(), 1)}) {
    require(in_pieces(expected, answer, size) == outcome, "the outcome is the same however the answer is cut");
  }
}

/// The answer behind so much that it ends around the bound.
void check_at_the_bound(const std::string& expected, std::string_view answer) {
  if (answer.size() >= ExpectedAnswer::kLongest) return;
  for (const std::size_t behind : {0u, 1u, 5u}) {
    check_answer(expected, std::string(ExpectedAnswer::kLongest - answer.size() + behind, '.') + std::string(answer));
  }
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  const std::string_view input = as_text(data, size);
  check_escapes(input);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view answer = input.substr(std::min(end + 1, input.size()));
  try {
    const std::string expected = weir::unescape(input.substr(0, end));
    check_answer(expected, answer);
    if (size % 16 == 0) check_at_the_bound(expected, answer);  // dear, so not each time
  } catch (const std::invalid_argument& error) {
    require(std::string_view(error.what()).find('\\') != std::string_view::npos, "a wrong escape is named");
  }
  return 0;
}
