#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::load {

/// An http or https URL (RFC 3986) as far as a GET needs it: no userinfo, no fragment.
struct Url {
  bool secure = false;     ///< https
  std::string host;        ///< a name in lower case, or an IP address without brackets
  std::uint16_t port = 0;  ///< the scheme's own (80, 443) where the URL names none
  std::string target;      ///< path and query as a request line has them; begins with `/`

  bool host_is_ipv6() const { return host.find(':') != std::string::npos; }
  /// Whether a request to the other goes to the same place by the same scheme.
  bool same_origin(const Url& other) const {
    return secure == other.secure && host == other.host && port == other.port;
  }
  /// The value of the Host field: with brackets and without the scheme's own port.
  std::string authority() const;
  std::string to_string() const;

  bool operator==(const Url&) const = default;
};

/// Parses an absolute URL; `http://` may be left out. Percent-encoded bytes stay as they are. Bytes that have no place
/// in a URL but are common (a space, `{`, UTF-8) are percent-encoded, as browsers do it. Throws std::invalid_argument,
/// with a sentence that continues the URL in quotes, for control characters, other schemes, userinfo and what is no
/// URL.
Url parse_url(std::string_view text);

/// What a `Location` means to a response from `base` (RFC 3986, 5.2). Throws like parse_url().
Url resolve_reference(const Url& base, std::string_view reference);

}  // namespace weir::load
