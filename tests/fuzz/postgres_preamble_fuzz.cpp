// What a client of PostgreSQL sends first, whole and in pieces.

#include <algorithm>
#include <span>

#include "common/tls/postgres_preamble.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace weir::fuzz {
namespace {

using Kind = tls::PostgresPreamble;
using tls::PostgresPreambleParse;

PostgresPreambleParse parse(std::string_view bytes) {
  return tls::parse_postgres_preamble(std::as_bytes(std::span(bytes)));
}

void check_one(std::string_view bytes, const PostgresPreambleParse& one) {
  require((one.kind == Kind::invalid) == !one.problem.empty(), "what is wrong is said");
  require(one.size + one.behind <= bytes.size(), "a packet is what came of it");
  const bool encryption = one.kind == Kind::ssl_request || one.kind == Kind::gssenc_request;
  require(one.behind == (encryption ? bytes.size() - 8 : 0), "what came behind a request is counted");
  const bool sized = encryption || one.kind == Kind::cancel_request || one.kind == Kind::startup;
  require((one.size >= 8) == sized && (one.size > 0) == sized, "a packet has a head");
  require(one.kind != Kind::incomplete || bytes.size() < tls::kLongestPostgresPreamble, "it ends within its bound");
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::fuzz;
  const std::string_view input = as_text(data, size);
  const PostgresPreambleParse whole = parse(input);
  check_one(input, whole);
  for (std::size_t cut = 0; cut < std::min(size, weir::tls::kLongestPostgresPreamble + 2); ++cut) {
    const PostgresPreambleParse part = parse(input.substr(0, cut));
    check_one(input.substr(0, cut), part);
    require(part.kind == Kind::incomplete || (part.kind == whole.kind && part.size == whole.size),
            "what was found stays so, whatever follows");
  }
  return 0;
}
