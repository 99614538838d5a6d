#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstddef>
#include <set>

#include "client/fetch/body_sink.hpp"
#include "client/fetch/fetch_options.hpp"
#include "client/fetch/fetch_result.hpp"
#include "client/fetch/name_resolver.hpp"
#include "common/net.hpp"

namespace weir::load {

class Fetch;

/// What the fetches of a run share. One thread.
struct FetchContext {
  net::Executor executor;
  const FetchOptions& options;
  const OutputPlace& output;
  NameResolver& names;
  boost::asio::ssl::context& tls;
  std::chrono::steady_clock::time_point began;
  bool interrupted = false;
  std::set<Fetch*> under_way = {};

  /// Ends every fetch that is under way as `interrupted`.
  void interrupt();
};

/// Fetches the URL of that index, over a connection of its own for each request, and says what became of it. Whatever
/// the other side does, the result comes within the timeout, and no more than some 200 KiB are used for it.
net::awaitable<FetchResult> fetch_one(FetchContext& context, std::size_t index);

}  // namespace weir::load
