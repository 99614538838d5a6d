#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

/// The one place where Asio's types get the names that this code uses. The executor is always the concrete one of an
/// `io_context`: a thread has one context of its own, so neither strands nor type-erased executors have work to do.
namespace weir::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <typename T>
using awaitable = asio::awaitable<T, Executor>;

}  // namespace weir::net
