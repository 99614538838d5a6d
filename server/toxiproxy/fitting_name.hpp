#pragma once

#include <string>
#include <string_view>

namespace weir::toxiproxy {

/// A name that a listener, an upstream or a fault may have (common/name_form.hpp): the text itself, or else one that is
/// made of it, another one for another text. Toxiproxy's clients may call things as they like.
std::string fitting_name(std::string_view text);

}  // namespace weir::toxiproxy
