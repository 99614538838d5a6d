#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>

#include "client/tls/tls_options.hpp"
#include "common/address.hpp"

namespace weir::load {

/// Where the options of TLS of a verb are gathered while its command line is parsed.
struct TlsArguments {
  bool wanted = false;  ///< --tls
  TlsOptions options;
};

/// Whether a verb makes several connections one after the other, so that --resume has a use.
enum class Resumes : bool { no, yes };

/// Adds --tls, --cacert, --insecure, --sni, --alpn, --cert and --key, and --resume. `arguments` outlives the parsing.
void add_tls(CLI::App& app, TlsArguments& arguments, Resumes resumes);

/// What was asked for, on a connection to each of those targets. Throws std::invalid_argument where options do not go
/// together.
std::optional<TlsOptions> tls_of(const CLI::App& app, const TlsArguments& arguments,
                                 std::initializer_list<const Address*> targets);

}  // namespace weir::load
