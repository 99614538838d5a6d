#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "server/admin/caller.hpp"
#include "server/admin/reply.hpp"
#include "server/admin/request.hpp"
#include "server/admin/token_file.hpp"
#include "server/config/server_config.hpp"

namespace weir::admin {

/// Compares an offered token with that of the configuration.
using CheckToken = std::function<TokenCheck(std::string_view offered)>;

/// Who may do what: the reply to a request that is refused, nothing where it may go on. It needs the head alone, so
/// that no body is awaited of a request that is refused.
///
/// A request calls the endpoint by a name that is the endpoint's own, or else a page in somebody's browser might have
/// been led here (DNS rebinding). One that acts, which is every method but GET and HEAD, says that it brings JSON and
/// comes from no other site's page, because a browser lets any page send the rest. From elsewhere it also brings the
/// token.
std::optional<Reply> refuse(const Caller& caller, const RequestHead& head, const AdminConfig& config,
                            const CheckToken& check_token);

/// Whether it comes from a page of another site, to which a browser lent its hands.
bool comes_from_a_foreign_page(const RequestHead& head);

}  // namespace weir::admin
