#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/tls/certificate_holder.hpp"
#include "common/tls/contexts.hpp"
#include "common/tls/ticket_keys.hpp"

namespace weir::tls {

/// Contexts that are made anew when their files change. Connections live on with those that they were made from. Any
/// thread.
///
///     a worker ── current() ──▶ contexts ◀── refresh() ── whoever watches the files
template <typename Contexts>
class Renewable : public CertificateHolder {
 public:
  std::shared_ptr<const Contexts> current() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }

  std::vector<CertificateFacts> certificates() const final { return current()->certificates(); }

 protected:
  using CertificateHolder::CertificateHolder;

  /// Reads the files. Throws std::runtime_error.
  virtual std::shared_ptr<const Contexts> make() const = 0;
  /// For the first ones, which whoever derives makes.
  void begin_with(std::shared_ptr<const Contexts> first) { current_ = std::move(first); }

 private:
  std::vector<CertificateFacts> prepare() final {
    prepared_ = make();
    return prepared_->certificates();
  }
  void adopt() final {
    {
      const std::scoped_lock lock(mutex_);
      current_.swap(prepared_);
    }
    prepared_.reset();
  }
  void discard() final { prepared_.reset(); }

  mutable std::mutex mutex_;  ///< held to copy a pointer
  std::shared_ptr<const Contexts> current_;
  std::shared_ptr<const Contexts> prepared_;
};

/// What a listener terminates TLS with. The constructor reads the files and throws std::runtime_error, as
/// ServerContexts does.
class Termination final : public Renewable<ServerContexts> {
 public:
  Termination(std::string owner, const ServerOptions& options, std::shared_ptr<const TicketKeys> tickets)
      : Renewable(std::move(owner), files_of(options)), options_(options), tickets_(std::move(tickets)) {
    begin_with(make());
  }

 private:
  std::shared_ptr<const ServerContexts> make() const override {
    return std::make_shared<const ServerContexts>(options_, tickets_);
  }

  const ServerOptions options_;
  const std::shared_ptr<const TicketKeys> tickets_;
};

/// What an upstream is spoken to with. Likewise.
class Origination final : public Renewable<ClientContext> {
 public:
  Origination(std::string owner, const ClientOptions& options)
      : Renewable(std::move(owner), files_of(options)), options_(options) {
    begin_with(make());
  }

 private:
  std::shared_ptr<const ClientContext> make() const override { return std::make_shared<const ClientContext>(options_); }

  const ClientOptions options_;
};

}  // namespace weir::tls
