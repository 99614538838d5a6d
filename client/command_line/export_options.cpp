#include "client/command_line/export_options.hpp"

#include <stdexcept>

#include "client/command_line/verb.hpp"

namespace weir::load {

void add_exports(CLI::App& app, ExportFiles& files) {
  add(app, "--csv", [&files](const std::string& text) { files.csv = text; });
  add(app, "--hgrm", [&files](const std::string& text) { files.hgrm = text; });
}

void add_prometheus(CLI::App& app, std::optional<Address>& bind) {
  add(app, "--prometheus", [&bind](const std::string& text) {
    const Address address = parse_address(text, AddressUse::bind);
    if (address.is_descriptor()) throw std::invalid_argument("is HOST:PORT, :PORT or unix:/path, not " + text);
    bind = address;
  });
}

void check_outputs(const std::vector<NamedFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (files[i].file.empty() || files[i].file != files[k].file) continue;
      throw std::invalid_argument(std::string(files[k].option) + " and " + files[i].option + " cannot both be " +
                                  (files[i].file == "-" ? "stdout" : files[i].file));
    }
  }
}

}  // namespace weir::load
