// Writes the manuals and the completions of both programs:
//
//     weir-manuals SOURCES SHARE
//
// SOURCES is the root of the sources, SHARE the folder that becomes /usr/share.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "client/command_line/command_line.hpp"
#include "manuals/command_manual.hpp"
#include "manuals/completion.hpp"
#include "manuals/config_manual.hpp"
#include "manuals/reference.hpp"
#include "server/command_line.hpp"
#include "server/config/key_types.hpp"

namespace {

using namespace weir;
using namespace weir::manuals;
namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
}

void write_completions(const fs::path& share, const ProgramSyntax& program) {
  const Completion completion = completion_of(program, key_types());
  write_text(share / "bash-completion" / "completions" / program.name, bash_completion(completion));
  write_text(share / "zsh" / "vendor-completions" / ("_" + program.name), zsh_completion(completion));
  write_text(share / "fish" / "vendor_completions.d" / (program.name + ".fish"), fish_completion(completion));
}

void write_all(const fs::path& sources, const fs::path& share) {
  const ProgramSyntax server = program_syntax();
  const ProgramSyntax client = load::program_syntax();
  const fs::path frames = sources / "manuals";
  write_text(share / "man" / "man8" / "weir.8", command_manual(read_text(frames / "weir.8.in"), server));
  write_text(share / "man" / "man1" / "weir-load.1", command_manual(read_text(frames / "weir-load.1.in"), client));
  write_text(share / "man" / "man5" / "weir.yaml.5",
             config_manual(read_text(frames / "weir.yaml.5.in"),
                           read_reference(read_text(sources / "config" / "reference.yaml")), key_types()));
  write_completions(share, server);
  write_completions(share, client);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::invalid_argument("usage: weir-manuals SOURCES SHARE");
    write_all(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-manuals: %s\n", error.what());
    return 1;
  }
}
