#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/tls/certificate_holder.hpp"
#include "common/tls/ticket_keys.hpp"
#include "server/control/expiry_warnings.hpp"
#include "server/control/file_watch.hpp"
#include "server/control/settling.hpp"

namespace weir {

/// Has certificates, and the keys of tickets, read again once their files hold something else, and keeps people
/// informed: what has changed, what is wrong with a file, and what will expire.
///
///     a change is told ──▶ quiet for a moment ──┬─▶ a thread reads, and puts into use ──▶ the log
///     every minute, and when a key is due ──────┘
///
/// The minute finds what the kernel does not tell: files of other machines, and what there are no watches for. Control
/// thread.
class CertificateWatch {
 public:
  using Holders = std::vector<std::shared_ptr<tls::CertificateHolder>>;

  /// What it works with. Outlives it.
  struct Parts {
    boost::asio::io_context& context;
    std::shared_ptr<tls::TicketKeys> tickets;  ///< null: there are none
    std::chrono::milliseconds look_interval{std::chrono::minutes(1)};
  };

  explicit CertificateWatch(Parts parts);
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;
  /// Waits for what is being read.
  ~CertificateWatch();

  /// Watches the files of these, in place of all others, and sees what has changed since they were read.
  void watch(Holders holders);

  /// Of those that are watched.
  std::vector<tls::CertificateFacts> certificates() const;
  std::uint64_t renewed() const { return renewed_; }
  /// How often files were refused. One that goes on being wrong in the same way is counted once.
  std::uint64_t refused() const { return refused_; }

 private:
  /// What the thread found out.
  struct Found;

  void note(bool writing);
  /// Watches what the files' paths lead to by now.
  void follow();
  void refresh();
  void finish(const Found& found);
  void look_later();
  void warn();

  const Parts parts_;
  Holders holders_;
  std::optional<FileWatch> told_;  ///< nothing where the kernel has none left
  bool said_untold_ = false;       ///< the log says that the kernel does not tell of changes
  Settling settling_;
  boost::asio::steady_timer settled_;
  boost::asio::steady_timer look_;
  ExpiryWarnings warnings_;
  std::string ticket_problem_;
  std::uint64_t renewed_ = 0;
  std::uint64_t refused_ = 0;
  bool reading_ = false;
  bool again_ = false;  ///< once more when what is being read has been read
  std::thread thread_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< for what the thread posts
};

}  // namespace weir
