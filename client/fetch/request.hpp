#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "client/fetch/fetch_options.hpp"

namespace weir::load {

using Request = boost::beast::http::request<boost::beast::http::empty_body>;

/// The GET for `url`, to which redirects led from `given`. The option's fields replace those of the same name. Where
/// another origin than the given one is asked, it does not get the fields that are meant for one alone: Host,
/// Authorization, Proxy-Authorization and Cookie.
Request make_request(const FetchOptions& options, const Url& given, const Url& url);

}  // namespace weir::load
