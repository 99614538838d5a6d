#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

/// The one place where Asio's types get the names that this code uses. The executor is always the concrete one of an
/// `io_context`: a thread has one context of its own, so neither strands nor type-erased executors have work to do.
namespace weir::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <typename T>
using awaitable = asio::awaitable<T, Executor>;

/// A coroutine that waits for an operation finds its error in `error`, and no exception is thrown.
inline auto into(boost::system::error_code& error) {
  return asio::redirect_error(asio::use_awaitable_t<Executor>(), error);
}

}  // namespace weir::net
