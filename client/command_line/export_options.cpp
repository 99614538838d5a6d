#include "client/command_line/export_options.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "client/command_line/verb.hpp"
#include "client/same_file.hpp"

namespace weir::load {

void add_output(CLI::App& app, const char* option, std::function<void(const std::string&)> store) {
  add(app, option, [store = std::move(store)](const std::string& text) {
    if (text.empty()) throw std::invalid_argument("needs a name, or - for stdout");
    store(text);
  });
}

void add_exports(CLI::App& app, ExportFiles& files) {
  add_output(app, "--csv", [&files](const std::string& text) { files.csv = text; });
  add_output(app, "--hgrm", [&files](const std::string& text) { files.hgrm = text; });
}

void add_prometheus(CLI::App& app, std::optional<Address>& bind) {
  add(app, "--prometheus", [&bind](const std::string& text) {
    const Address address = parse_address(text, AddressUse::bind);
    if (address.is_descriptor()) throw std::invalid_argument("is HOST:PORT, :PORT or unix:/path, not " + text);
    bind = address;
  });
}

void check_outputs(const std::vector<NamedFile>& files, const std::vector<std::string>& inputs) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [option, file] = files[i];
    if (file.empty()) continue;
    for (std::size_t k = 0; k < i; ++k) {
      const auto& [other_option, other] = files[k];
      if (other.empty() || !is_same_output(file, other)) continue;
      // Of one file under two names, both tell which is meant.
      const std::string same = file == other ? file : fmt::format("{}, which {} is as well", file, other);
      throw std::invalid_argument(
          fmt::format("{} and {} cannot both be {}", other_option, option, is_stdout_name(file) ? "stdout" : same));
    }
    for (const std::string& input : inputs) {
      if (!is_same_file(input, file)) continue;
      throw std::invalid_argument(std::string(option) + " " + file + " would replace " +
                                  (input == "-" ? "what stdin comes from" : input) + ", which is to be read");
    }
  }
}

}  // namespace weir::load
