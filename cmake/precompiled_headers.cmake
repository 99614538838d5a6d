# With WEIR_PCH the libraries and programs share one precompiled header and the tests another, which knows GoogleTest too.
# They hold foreign headers alone, so that no change of ours rebuilds everything. A file still includes what it uses:
# the preset `apart` has no precompiled header, compiles every source on its own, and fails if one is missing.

# What is costly and what many files include.
set(weir_precompiled_headers
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <filesystem> <fstream> <functional> <future> <map>
    <memory> <mutex> <optional> <random> <regex> <set> <span> <sstream> <stdexcept> <string> <string_view> <system_error>
    <thread> <utility> <variant> <vector>
    <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/deferred.hpp>
    <boost/asio/generic/stream_protocol.hpp> <boost/asio/io_context.hpp> <boost/asio/post.hpp>
    <boost/asio/redirect_error.hpp> <boost/asio/steady_timer.hpp> <boost/asio/this_coro.hpp>
    <boost/asio/use_awaitable.hpp> <boost/json.hpp> <spdlog/spdlog.h>)

# The header of `name` is compiled with what else is given: libraries, whose options its users have too, and HEADERS.
function(weir_precompiled_header name)
  if(WEIR_PCH)
    cmake_parse_arguments(HEADER "" "" "HEADERS" ${ARGN})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.cpp CONTENT "")
    add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
    target_link_libraries(${name} PRIVATE weir_options spdlog::spdlog ${HEADER_UNPARSED_ARGUMENTS})
    target_precompile_headers(${name} PRIVATE ${weir_precompiled_headers} ${HEADER_HEADERS})
  endif()
endfunction()

# Compiles the targets with the header of `name`.
function(weir_use_precompiled_header name)
  if(WEIR_PCH)
    foreach(target IN LISTS ARGN)
      target_precompile_headers(${target} REUSE_FROM ${name})
    endforeach()
  endif()
endfunction()
