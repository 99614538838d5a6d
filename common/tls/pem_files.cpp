#include "common/tls/pem_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/io/descriptor.hpp"
#include "common/printable.hpp"

namespace weir::tls {
namespace {

constexpr std::size_t kLargest = std::size_t{4} << 20;

[[noreturn]] void refuse_file(const std::string& path, std::string_view why) {
  throw std::runtime_error(fmt::format("{} {}", in_quotes(path), why));
}

[[noreturn]] void cannot_read(const std::string& path, int error) {
  const char* remedy = error == ENOENT                      ? "; name a file that is there"
                       : error == EACCES || error == EPERM  ? "; let the user that the program runs as read it"
                       : error == EMFILE || error == ENFILE ? "; raise the limit of open files"
                                                            : "";
  refuse_file(path, fmt::format("cannot be read: {}{}", std::generic_category().message(error), remedy));
}

/// Text that is gone from memory with this.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { ::OPENSSL_cleanse(text_.data(), text_.size()); }

  const std::string& operator*() const { return text_; }

 private:
  std::string text_;
};

BioPtr bio_over(const std::string& text) {
  BioPtr bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

/// All PEM objects of one kind that `read` finds. `what` and `remedy` are for a file that holds none.
template <typename Owner, typename Read>
std::vector<Owner> read_all_of(const std::string& path, const std::string& text, Read read, std::string_view what,
                               std::string_view remedy) {
  const BioPtr bio = bio_over(text);
  std::vector<Owner> all;
  ::ERR_clear_error();
  while (Owner next = read(bio.get())) all.push_back(std::move(next));
  const unsigned long error = ::ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) {
    refuse_file(path,
                fmt::format("holds a {} that is broken ({}); write it again, in PEM", what, take_openssl_error()));
  }
  ::ERR_clear_error();
  if (all.empty()) refuse_file(path, fmt::format("holds no {} in PEM; {}", what, remedy));
  return all;
}

/// What PEM_read_bio_X509_AUX() and its like make of the next object. They free what they cannot fill.
template <typename Owner, typename Object, typename Read>
Owner read_into(Owner made, Read read, BIO* bio) {
  if (!made) throw std::bad_alloc();
  Object* filled = made.release();
  const bool done = read(bio, &filled, nullptr, nullptr) != nullptr;
  made.reset(filled);
  return done ? std::move(made) : Owner();
}

std::vector<X509Ptr> certificates_in(const std::string& path, const std::string& text, OSSL_LIB_CTX* library) {
  // With the trust settings that `openssl x509 -trustout` adds, if there are any, as OpenSSL's own loaders have it.
  return read_all_of<X509Ptr>(
      path, text,
      [library](BIO* bio) {
        return read_into<X509Ptr, X509>(X509Ptr(::X509_new_ex(library, nullptr)), ::PEM_read_bio_X509_AUX, bio);
      },
      "certificate",
      "it must begin with -----BEGIN CERTIFICATE-----; for DER run: openssl x509 -inform DER -in IT -out OTHER");
}

KeyPtr key_in(const std::string& path, const std::string& text, OSSL_LIB_CTX* library) {
  const BioPtr bio = bio_over(text);
  bool asked = false;
  const auto has_password = [](char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
  };
  ::ERR_clear_error();
  KeyPtr key(::PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, has_password, &asked, library, nullptr));
  if (key) return key;
  const std::string reason = take_openssl_error();
  if (asked) {
    refuse_file(path, "is encrypted, and nobody is there to be asked; run: openssl pkey -in IT -out DECRYPTED");
  }
  if (text.find("PRIVATE KEY-----") == std::string::npos) {
    refuse_file(path, "holds no private key in PEM; for DER run: openssl pkey -inform DER -in IT -out OTHER");
  }
  refuse_file(path, fmt::format("holds a private key that is broken ({}); write it again, in PEM", reason));
}

}  // namespace

std::string read_file(const std::string& path) {
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) cannot_read(path, errno);
  if (!S_ISREG(status.st_mode)) refuse_file(path, "is not a regular file");
  const auto expected = static_cast<std::size_t>(status.st_size);
  if (expected > kLargest) refuse_file(path, "is larger than 4 MiB");
  // In one piece, so that a key leaves no copies behind where a string grew.
  std::string text(expected + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) cannot_read(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size != expected) refuse_file(path, "is being written");
  text.resize(size);
  return text;
}

Identity read_identity(const std::string& certificate, const std::string& key, OSSL_LIB_CTX* library) {
  const std::string& key_file = key.empty() ? certificate : key;
  Identity identity;
  identity.file = certificate;
  const SecretText text(read_file(certificate));
  std::vector<X509Ptr> all = certificates_in(certificate, *text, library);
  identity.certificate = std::move(all.front());
  for (std::size_t i = 1; i < all.size(); ++i) identity.chain.push_back(std::move(all[i]));
  const SecretText key_text(read_file(key_file));
  identity.key = key_in(key_file, *key_text, library);
  const bool fits = ::X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1;
  ::ERR_clear_error();
  if (!fits) {
    refuse_file(key_file, fmt::format("is not the key of the certificate in {}, which must be the first one there",
                                      in_quotes(certificate)));
  }
  return identity;
}

std::vector<X509Ptr> read_certificates(const std::string& path, OSSL_LIB_CTX* library) {
  return certificates_in(path, read_file(path), library);
}

std::vector<CrlPtr> read_revocations(const std::string& path, OSSL_LIB_CTX* library) {
  return read_all_of<CrlPtr>(
      path, read_file(path),
      [library](BIO* bio) {
        return read_into<CrlPtr, X509_CRL>(CrlPtr(::X509_CRL_new_ex(library, nullptr)), ::PEM_read_bio_X509_CRL, bio);
      },
      "list of revoked certificates",
      "it must begin with -----BEGIN X509 CRL-----; for DER run: openssl crl -inform DER -in IT -out OTHER");
}

}  // namespace weir::tls
