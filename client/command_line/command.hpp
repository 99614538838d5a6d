#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/compare/comparison.hpp"
#include "client/experiment/experiment_options.hpp"
#include "client/export_files.hpp"
#include "client/faults/faults_options.hpp"
#include "client/fetch/fetch_options.hpp"
#include "client/idle/idle_options.hpp"
#include "client/load_options.hpp"
#include "client/stream/stream_options.hpp"
#include "client/tls/tls_options.hpp"

namespace weir::load {

/// Help or the version, for stdout.
struct PrintText {
  std::string text;
};

/// The version, and after it what the program was built from.
struct PrintBuild {
  std::string version;  ///< a line
};

/// What `weir-load chat` was told.
struct ChatOptions {
  Address target;
  std::chrono::microseconds timeout = std::chrono::seconds(5);  ///< of the connect, and of a handshake
  std::optional<TlsOptions> tls;                                ///< none: plain TCP
};

/// What `weir-load merge` was told.
struct MergeOptions {
  std::vector<std::string> files;
  std::string json_file;  ///< empty: none; "-": stdout
  ExportFiles exports;
};

/// What `weir-load compare` was told.
struct CompareOptions {
  std::vector<std::string> before;  ///< files
  std::vector<std::string> after;
  CompareSettings settings;
  std::string json_file;  ///< empty: none; "-": stdout
  std::string html_file;
  std::vector<std::string> command;
};

/// What `weir-load report` was told.
struct ReportOptions {
  std::vector<std::string> files;
  std::string html_file;  ///< empty: none; "-": stdout
  bool text = false;      ///< the text beside the page
  bool table = false;     ///< a row for each run in place of its text
  std::vector<std::string> command;
};

/// What a command line asks for.
using Command =
    std::variant<PrintText, PrintBuild, LoadOptions, StreamOptions, StreamServeOptions, FetchOptions, ChatOptions,
                 IdleOptions, MergeOptions, CompareOptions, AbOptions, CapacityOptions, ReportOptions, FaultsOptions>;

}  // namespace weir::load
