#include "common/tls/libraries.hpp"

#include <fmt/format.h>
#include <openssl/conf.h>
#include <openssl/err.h>

#include <memory>
#include <mutex>
#include <stdexcept>

namespace weir::tls {
namespace {

struct Libraries {
  std::mutex mutex;
  std::vector<OSSL_LIB_CTX*> opened;
};

/// Never destroyed, because connections may be there at the end of the process.
Libraries& all_libraries() {
  static auto* const all = new Libraries();
  return *all;
}

void free_text(char* text) { ::OPENSSL_free(text); }

}  // namespace

void open_libraries(std::size_t workers) {
  Libraries& all = all_libraries();
  const std::scoped_lock lock(all.mutex);
  if (!all.opened.empty()) return;
  const std::unique_ptr<char, Free<free_text>> file(::CONF_get1_default_config_file());
  all.opened.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    OSSL_LIB_CTX* const library = ::OSSL_LIB_CTX_new();
    if (library == nullptr) throw std::runtime_error(fmt::format("no library context: {}", take_openssl_error()));
    // The machine's providers, as OpenSSL's own context has them; without a file there are the default ones.
    if (file) ::OSSL_LIB_CTX_load_config(library, file.get());
    all.opened.push_back(library);
  }
  ::ERR_clear_error();
}

std::vector<OSSL_LIB_CTX*> libraries() {
  Libraries& all = all_libraries();
  const std::scoped_lock lock(all.mutex);
  return all.opened.empty() ? std::vector<OSSL_LIB_CTX*>{nullptr} : all.opened;
}

}  // namespace weir::tls
