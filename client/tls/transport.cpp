#include "client/tls/transport.hpp"

#include "common/tls/resumption.hpp"

namespace weir::load {

void Transport::close() {
  if (tls_ && tls_->is_open() && socket_.valid()) tls_->finish(io::Closes::now);
  tls_.reset();
  socket_.close();
}

void Transport::reset() {
  if (tls_ && tls_->is_open()) tls::keep_resumable(*tls_->ssl());
  tls_.reset();
  socket_.reset();
}

}  // namespace weir::load
