#include "common/build_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/detail/config.hpp>
#include <vector>

#include "common/build_libraries.hpp"

namespace weir {
namespace {

/// The defines of the compiler, and what they mean to whoever asks. Each pair of words is for "it is so" and "it is not
/// so"; an empty one is left unsaid.
struct Feature {
  bool is_on;
  std::string_view on;
  std::string_view off;
};

#ifdef BOOST_ASIO_HAS_IO_URING_AS_DEFAULT
constexpr bool kIoUring = true;
#else
constexpr bool kIoUring = false;
#endif
#ifdef NDEBUG
constexpr bool kAssertions = false;
#else
constexpr bool kAssertions = true;
#endif
#ifdef __SANITIZE_ADDRESS__
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif
#ifdef __SANITIZE_THREAD__
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
constexpr bool kThreadSanitizer = false;
#endif
#ifdef __PIE__
constexpr bool kPie = true;
#else
constexpr bool kPie = false;
#endif
#ifdef __SSP_STRONG__
constexpr bool kStackProtector = true;
#else
constexpr bool kStackProtector = false;
#endif
#ifdef __CET__
constexpr bool kControlFlow = true;
#else
constexpr bool kControlFlow = false;
#endif
#ifdef _FORTIFY_SOURCE
constexpr int kFortify = _FORTIFY_SOURCE;
#else
constexpr int kFortify = 0;
#endif

}  // namespace

std::string compiler() {
#ifdef __clang__
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string features() {
  const std::string fortify = kFortify > 0 ? fmt::format("fortify {}", kFortify) : "";
  const std::array all{Feature{kIoUring, "io_uring", "epoll"},
                       Feature{kAssertions, "assertions", "no assertions"},
                       Feature{kAddressSanitizer, "AddressSanitizer", ""},
                       Feature{kThreadSanitizer, "ThreadSanitizer", ""},
                       Feature{kPie, "PIE", ""},
                       Feature{kStackProtector, "stack protector", ""},
                       Feature{kFortify > 0, fortify, ""},
                       Feature{kControlFlow, "control-flow protection", ""},
                       Feature{kLinkTimeOptimization, "link-time optimization", ""}};
  std::vector<std::string_view> said;
  for (const Feature& feature : all) {
    const std::string_view word = feature.is_on ? feature.on : feature.off;
    if (!word.empty()) said.push_back(word);
  }
  return fmt::format("{}", fmt::join(said, ", "));
}

std::string build_info(std::string_view commit, std::span<const Library> libraries, std::string_view build_type) {
  std::string text = fmt::format("commit     {}\ncompiler   {}\nbuild      {}\nfeatures   {}\nlibraries",
                                 commit.empty() ? "unknown" : commit, compiler(), build_type, features());
  std::string_view gap = "  ";
  for (const Library& library : libraries) {
    text += fmt::format("{}{} {}\n", gap, library.name, library.version.empty() ? "unknown" : library.version);
    gap = "           ";
  }
  return text;
}

std::string build_info(std::string_view commit, std::span<const std::string_view> libraries) {
  std::vector<Library> found;
  for (const std::string_view name : libraries) {
    const auto* const known =
        std::find_if(kLibraries.begin(), kLibraries.end(), [name](const Library& one) { return one.name == name; });
    found.push_back({name, known == kLibraries.end() ? "" : known->version});
  }
  return build_info(commit, found, kBuildType);
}

}  // namespace weir
