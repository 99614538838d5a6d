// Runs a target over files and folders of inputs, so that the corpus is a test of every build and cannot rot.
//
//     weir-replay-TARGET PATH…

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(int count, char** paths) {
  std::vector<fs::path> inputs;
  for (int i = 0; i < count; ++i) {
    if (!fs::is_directory(paths[i])) {
      inputs.emplace_back(paths[i]);
      continue;
    }
    const std::size_t before = inputs.size();
    for (const auto& entry : fs::directory_iterator(paths[i])) {
      if (entry.is_regular_file()) inputs.push_back(entry.path());
    }
    if (inputs.size() == before) throw std::runtime_error(std::string(paths[i]) + " holds no inputs");
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

void replay(const fs::path& input) {
  std::printf("%s\n", input.c_str());
  std::fflush(stdout);  // the last one said is the one that ended the program
  std::ifstream file(input, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw std::runtime_error("cannot be read");
  // Without room behind, as libFuzzer gives it, so that a sanitizer sees whoever reads on.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<fs::path> inputs = inputs_of(argc - 1, argv + 1);
    if (inputs.empty()) throw std::runtime_error("there is nothing to replay");
    for (const fs::path& input : inputs) replay(input);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    return 1;
  }
}
