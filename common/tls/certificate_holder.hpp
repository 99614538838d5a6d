#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "common/tls/certificate_facts.hpp"
#include "common/tls/options.hpp"

namespace weir::tls {

/// The files that the options name and that are read, each once.
std::vector<std::string> files_of(const ServerOptions& options);
std::vector<std::string> files_of(const ClientOptions& options);

/// What came of reading the files again.
struct Renewal {
  enum class Result : std::uint8_t {
    unchanged,
    renewed,  ///< new connections see what the files hold now
    refused,  ///< what was read before stays
  };

  Result result = Result::unchanged;
  std::string text;       ///< what has changed, or what is wrong
  bool repeated = false;  ///< it was refused for the same reason before
};

/// Whoever has read certificates and keys from files, and reads them again without being interrupted. Any thread.
class CertificateHolder {
 public:
  using Time = CertificateFacts::Time;

  virtual ~CertificateHolder() = default;
  CertificateHolder(const CertificateHolder&) = delete;
  CertificateHolder& operator=(const CertificateHolder&) = delete;

  /// For people: `listener "db"`.
  const std::string& owner() const { return owner_; }
  const std::vector<std::string>& files() const { return files_; }
  /// Those in use.
  virtual std::vector<CertificateFacts> certificates() const = 0;

  /// Reads the files, and goes on with what they hold if that is different and good: whole, keys that belong to their
  /// certificates, none that is not valid in place of one that is, and nothing that is changed meanwhile. Takes as long
  /// as the disk does.
  Renewal refresh(Time now);

 protected:
  CertificateHolder(std::string owner, std::vector<std::string> files);

 private:
  /// Makes contexts of what the files hold, and says what is in them. Throws std::runtime_error.
  virtual std::vector<CertificateFacts> prepare() = 0;
  /// Goes on with what was prepared, or forgets it.
  virtual void adopt() = 0;
  virtual void discard() = 0;

  std::string try_files(const std::string& content, Time now);

  const std::string owner_;
  const std::vector<std::string> files_;
  std::mutex refreshing_;
  std::string content_;  ///< a digest of what is in use
  std::string problem_;  ///< of the last time
};

}  // namespace weir::tls
